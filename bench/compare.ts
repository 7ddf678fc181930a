// Compares LMGate with other proxies: none, a relay that does nothing, nginx, HAProxy, node:http with undici, Portkey's
// gateway. Rounds alternate between them; the main figure is CPU time of all of a proxy's processes.
//
//   npm run bench [-- --quick] [--only small,sse-200] [--proxies lmgate,nginx] [--rounds N] [--out docs] [--busy] [--install-peers]
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Children } from "./compare/children.ts";
import { buildIfStale } from "./compare/lmgate.ts";
import { textOf, writeDocument, type RunFacts } from "./compare/document.ts";
import { PROXIES } from "./compare/proxies.ts";
import { installPeers } from "./compare/peers.ts";
import type { Proxy } from "./compare/proxy.ts";
import { emptyResults, type Results } from "./compare/results.ts";
import { runKills } from "./compare/run-kills.ts";
import { runStarts } from "./compare/run-starts.ts";
import { runWorkloads } from "./compare/run-workloads.ts";
import type { Comparison } from "./compare/comparison.ts";
import { missingTool } from "./compare/tools.ts";
import { startUpstreams } from "./compare/upstreams.ts";
import { WORKLOADS, type Workload } from "./compare/workloads.ts";

const STARTS = "starts";
const KILLS = "kills";
/** Above it, other work on the machine changes the figures. */
const MAX_LOAD = 1.5;
const ROUNDS = 5;
const QUICK = { rounds: 2, share: 0.4, only: "starts,small,gzip,response,sse-200,latency" };
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    proxies: { type: "string" },
    rounds: { type: "string" },
    out: { type: "string" },
    busy: { type: "boolean", default: false },
    "install-peers": { type: "boolean", default: false },
  },
});

function info(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Resolves a list of names from the command line; an unknown name ends the run. */
function selectByName<T>(names: string | undefined, all: ReadonlyMap<string, T>): readonly T[] {
  if (names === undefined) return [...all.values()];
  return names.split(",").map((name) => {
    if (all.has(name)) return all.get(name) as T; // as: `has` was true
    info(`unknown name ${name}; use one of ${[...all.keys()].join(", ")}`);
    process.exit(EXIT_USAGE);
  });
}

function byName<T extends { readonly name: string }>(list: readonly T[]): readonly (readonly [string, T])[] {
  return list.map((item) => [item.name, item]);
}

function installedOf(proxies: readonly Proxy[], results: Results): readonly Proxy[] {
  return proxies.filter((proxy) => {
    const reason = proxy.missing();
    if (reason === undefined) return true;
    info(`skipping ${proxy.title}: ${reason}`);
    results.absent["*"] = { ...results.absent["*"], [proxy.name]: reason };
    return false;
  });
}

async function main(directory: string, children: Children): Promise<void> {
  if (values["install-peers"]) return installPeers();
  for (const tool of ["wrk", "nginx"]) {
    const reason = missingTool(tool);
    if (reason === undefined) continue;
    info(`the benchmark needs ${tool}: ${reason}`);
    process.exit(EXIT_USAGE);
  }
  const load = loadavg()[0] ?? 0;
  if (load > MAX_LOAD && !values.busy) {
    info(`the load average is ${load.toFixed(1)}: wait until the machine is quiet, or add --busy`);
    process.exit(EXIT_USAGE);
  }
  const all: readonly (readonly [string, Workload | typeof STARTS | typeof KILLS])[] = [
    [STARTS, STARTS],
    [KILLS, KILLS],
    ...byName(WORKLOADS),
  ];
  const parts = selectByName(values.only ?? (values.quick ? QUICK.only : undefined), new Map(all));
  if (process.env["LMGATE_BENCH_DIST"] === undefined) await buildIfStale(info);
  const results = emptyResults();
  const upstreams = await startUpstreams(children, directory);
  let startCount = 0;
  const comparison: Comparison = {
    children,
    directory,
    proxies: installedOf(selectByName(values.proxies, new Map(byName(PROXIES))), results),
    rounds: Number(values.rounds ?? (values.quick ? QUICK.rounds : ROUNDS)),
    startContext: ({ name }) => {
      const proxyDirectory = join(directory, `${name}-${++startCount}`);
      mkdirSync(proxyDirectory);
      return { children, directory: proxyDirectory, upstreams };
    },
    results,
    info,
  };
  if (parts.includes(STARTS)) await runStarts(comparison);
  const workloads = parts.filter((part) => typeof part !== "string");
  if (workloads.length > 0) await runWorkloads(comparison, workloads, values.quick ? QUICK.share : 1);
  if (parts.includes(KILLS)) await runKills(comparison);
  const options = process.argv.slice(2).join(" ");
  const facts: RunFacts = {
    command: `npm run bench${options === "" ? "" : ` -- ${options}`}`,
    date: new Date().toISOString().slice(0, 10),
    rounds: comparison.rounds,
    minutes: Math.round(performance.now() / 60_000),
    load,
  };
  process.stdout.write(`${textOf(results, facts)}\n`);
  if (values.out !== undefined) await writeDocument(values.out, results, facts);
}

const directory = mkdtempSync(join(tmpdir(), "lmgate-bench-"));
const children = new Children();
process.once("exit", () => {
  children.endAll();
  rmSync(directory, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(EXIT_INTERRUPTED));
await main(directory, children);
process.exit();
