// What it takes to ask a ledger of millions of records: to build the store, to answer each panel of the dashboard, to run
// the command; and whether calls that are relayed meanwhile notice. Writes its figures into docs/benchmarks.md.
//
//   npm run build && npm run bench:insight [-- --records N --rounds N --seconds N --directory D --source --no-document]
//
// With --directory the ledger and the store are left there, and found there the next time; with --source the gateway and
// the command run as they stand in the repository, not as they were built.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { Settings } from "../src/config/settings.ts";
import { openStore } from "../src/store/service/open-store.ts";
import { RemoteReader } from "../src/store/service/remote-reader.ts";
import { StoreClient } from "../src/store/service/store-client.ts";
import { HEAVIEST, PANELS } from "./insight-panels.ts";
import { markdownTable } from "./markdown-table.ts";
import { writeManyRecordsAtOnce } from "./many-records-at-once.ts";
import { listening, startNginx } from "./nginx.ts";
import { percentile, steadyLoad } from "./steady-load.ts";

const { values } = parseArgs({
  options: {
    records: { type: "string", default: "10000000" },
    rounds: { type: "string", default: "10" },
    seconds: { type: "string", default: "10" },
    directory: { type: "string" },
    source: { type: "boolean", default: false },
    "no-document": { type: "boolean", default: false },
  },
});

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DOCUMENT = join(ROOT, "docs", "benchmarks.md");
const MARKS = ["<!-- insight -->", "<!-- /insight -->"] as const;
const UPSTREAM_PORT = 19_089;
const GATE_PORT = 19_087;
const KEY = "sk-bench-0123456789-abcdef";
const MEGABYTE = 1024 * 1024;

const records = Number(values.records);
const home = values.directory ?? mkdtempSync(join(tmpdir(), "lmgate-insight-"));
const ledgerPath = join(home, "stats.jsonl");
const settings: Pick<Settings, "store" | "stats"> = {
  stats: {
    outputPath: ledgerPath,
    flushIntervalMs: 10_000,
    rotateBytes: 100 * MEGABYTE,
    fileMode: 0o640,
    durability: "relaxed",
  },
  store: {
    enabled: true,
    path: join(home, "store"),
    memoryMegabytes: 1024,
    threads: 2,
    retentionDays: undefined,
    retentionBytes: undefined,
  },
};

const say = (text: string): boolean => process.stderr.write(`${text}\n`);

try {
  mkdirSync(home, { recursive: true });
  if (!existsSync(ledgerPath)) {
    say(`writing ${records.toLocaleString("en-US")} records`);
    await writeManyRecordsAtOnce(home, records);
  }
  const built = await build();
  const panels = await askPanels();
  const stats = runStats();
  const relay = await measureRelay();
  const text = report({ built, panels, stats, relay });
  process.stdout.write(`${text}\n`);
  if (!values["no-document"]) intoDocument(text);
} finally {
  if (values.directory === undefined) rmSync(home, { recursive: true, force: true });
}

interface Built {
  readonly seconds: number | undefined;
  readonly calls: number;
  readonly bytes: number;
  readonly ledgerBytes: number;
}

async function build(): Promise<Built> {
  const isThere = existsSync(join(home, "store", "manifest.json"));
  const offline = await openStore({ settings, now: Date.now });
  const { store } = offline;
  const started = performance.now();
  try {
    if (!isThere) say("building the store");
    await store.refresh({ compactAt: 64 * MEGABYTE });
    await store.compact();
    const { parts } = store.manifest;
    return {
      seconds: isThere ? undefined : (performance.now() - started) / 1000,
      calls: parts.reduce((sum, part) => sum + part.records, 0),
      bytes: parts.reduce((sum, part) => sum + part.bytes, 0),
      ledgerBytes: store.files.reduce((sum, { path }) => sum + statSync(path).size, 0),
    };
  } finally {
    await offline.close();
  }
}

interface Asked {
  readonly name: string;
  readonly p50: number;
  readonly p95: number;
}

function startStore(): { readonly store: StoreClient; readonly reader: RemoteReader } {
  const silent = (): void => undefined;
  const log = {
    info: silent,
    warn: (facts: object, text: string) => void say(`${text} ${JSON.stringify(facts)}`),
    error: silent,
  };
  const store = new StoreClient({ settings: settings.store, ledgerPath, log });
  store.start();
  return { store, reader: new RemoteReader(store) };
}

async function askPanels(): Promise<{
  readonly asked: readonly Asked[];
  readonly residentMegabytes: number;
  readonly peakMegabytes: number;
}> {
  const { store, reader } = startStore();
  try {
    const asked: Asked[] = [];
    for (const { name, ask } of PANELS) {
      const times: number[] = [];
      // The first opens files, and has the process read into memory what it lacks; a dashboard is looked at more than once.
      await ask(reader);
      await atRest(store.pid);
      for (let round = 0; round < Number(values.rounds); round += 1) {
        const started = performance.now();
        await ask(reader);
        times.push(performance.now() - started);
      }
      asked.push({ name, p50: percentile(times, 50), p95: percentile(times, 95) });
      say(`${asked.at(-1)?.p95.toFixed(0).padStart(6)} ms  ${name}`);
    }
    const status = readFileSync(`/proc/${store.pid}/status`, "utf8");
    const kilobytes = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(status)?.[1]);
    return { asked, residentMegabytes: kilobytes("VmRSS") / 1024, peakMegabytes: kilobytes("VmHWM") / 1024 };
  } finally {
    store.stop();
  }
}

const REST_TICKS = 3;
const MAX_RESTS = 120;

/** Resolves when a process has nothing to do. */
async function atRest(pid: number | undefined): Promise<void> {
  const ticks = (): number => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return Number(fields[11]) + Number(fields[12]);
  };
  let before = -Infinity;
  for (let rest = 0; rest < MAX_RESTS && ticks() - before > REST_TICKS; rest += 1) {
    before = ticks();
    await setTimeout(500);
  }
}

/** Seconds that the command takes in all, without a server; `undefined` where it fails. */
function runStats(): number | undefined {
  writeFileSync(join(home, "stats.yaml"), configuration(`stats: { output_path: ${ledgerPath} }`, join(home, "store")));
  const times: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const started = performance.now();
    const { status } = spawnSync(process.execPath, [mainFile(), "stats", "--since", "7d", "--config", "stats.yaml"], {
      cwd: home,
    });
    if (status !== 0) return undefined;
    times.push((performance.now() - started) / 1000);
  }
  return percentile(times, 50);
}

function mainFile(): string {
  const built = join(ROOT, "dist/src/cli/main.js");
  return existsSync(built) && !values.source ? built : join(ROOT, "src/cli/main.ts");
}

function configuration(stats: string, store: string): string {
  return `server: { host: 127.0.0.1, port: ${GATE_PORT}, workers: 1 }
admin: { host: 127.0.0.1, port: 0 }
${stats}
store: { path: ${store} }
providers:
  openai: { upstream: "http://127.0.0.1:${UPSTREAM_PORT}/" }
`;
}

interface Relay {
  readonly alone: readonly number[];
  readonly beside: readonly number[];
}

/** Calls at a steady rate, in turns without and with the heaviest question being asked again and again. */
async function measureRelay(): Promise<Relay> {
  const directory = mkdtempSync(join(tmpdir(), "lmgate-insight-relay-"));
  const usage = { prompt_tokens: 120, completion_tokens: 120, total_tokens: 240 };
  const answer = JSON.stringify({
    object: "chat.completion",
    model: "gpt-bench",
    choices: [],
    usage,
    pad: "x".repeat(700),
  });
  const upstream = await startNginx(
    join(directory, "upstream"),
    UPSTREAM_PORT,
    `server { listen 127.0.0.1:${UPSTREAM_PORT}; location / { default_type application/json; return 200 '${answer}'; } }`,
  );
  mkdirSync(join(directory, "data"));
  writeFileSync(join(directory, "data/allowlist.csv"), `id,api_key,owner,added\n1,${KEY},bench,2026-01-01\n`);
  writeFileSync(join(directory, "lmgate.yaml"), configuration("", "data/store"));
  const gate = spawn(process.execPath, [mainFile(), "start", "--config", "lmgate.yaml"], {
    cwd: directory,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const { store, reader } = startStore();
  try {
    await listening(gate, GATE_PORT);
    const load = {
      url: `http://127.0.0.1:${GATE_PORT}/openai/v1/chat/completions`,
      headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "gpt-bench", messages: [{ role: "user", content: "hello" }] }),
      perSecond: 200,
      seconds: Number(values.seconds) / 2,
    };
    await HEAVIEST.ask(reader);
    await steadyLoad({ ...load, seconds: 2 });
    const alone: number[] = [];
    const beside: number[] = [];
    for (let turn = 0; turn < 2; turn += 1) {
      alone.push(...(await steadyLoad(load)));
      beside.push(...(await besideHeaviest(reader, () => steadyLoad(load))));
    }
    return { alone, beside };
  } finally {
    store.stop();
    gate.kill("SIGTERM");
    await once(gate, "exit");
    await upstream.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function besideHeaviest<T>(reader: RemoteReader, work: () => Promise<T>): Promise<T> {
  const over = new AbortController();
  const asking = (async (): Promise<void> => {
    while (!over.signal.aborted) await HEAVIEST.ask(reader);
  })();
  try {
    return await work();
  } finally {
    over.abort();
    await asking;
  }
}

function report(figures: {
  readonly built: Built;
  readonly panels: Awaited<ReturnType<typeof askPanels>>;
  readonly stats: number | undefined;
  readonly relay: Relay;
}): string {
  const { built, panels, stats, relay } = figures;
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;
  const ms = (value: number): string => (value < 10 ? value.toFixed(1) : value.toFixed(0));
  const table = markdownTable([
    ["Panel", "p50 ms", "p95 ms"],
    ...panels.asked.map(({ name, p50, p95 }) => [name, ms(p50), ms(p95)]),
  ]);
  const parts = [
    ["p50", 50],
    ["p99", 99],
  ] as const;
  const relayed = markdownTable([
    ["Relayed calls, 200 a second", ...parts.map(([name]) => `${name} ms`)],
    ["while nothing is asked", ...parts.map(([, percent]) => percentile(relay.alone, percent).toFixed(2))],
    [
      "while the heaviest question is asked",
      ...parts.map(([, percent]) => percentile(relay.beside, percent).toFixed(2)),
    ],
  ]);
  const took = built.seconds === undefined ? "" : `, built in ${built.seconds.toFixed(0)} s`;
  return `${built.calls.toLocaleString("en-US")} records over 90 days: ${gigabytes(built.ledgerBytes)} of ledger, ${gigabytes(built.bytes)} of Parquet${took}.
${cpus().length} processors, Node.js ${process.versions.node}, DuckDB with 2 threads and at most 1,024 MB; the store's process held
${panels.residentMegabytes.toFixed(0)} MB (at most ${panels.peakMegabytes.toFixed(0)} MB). \`lmgate stats --since 7d\` takes ${stats === undefined ? "– (it failed)" : `${stats.toFixed(2)} s`}
in all. Each panel was asked ${values.rounds} times after a first one, when the process had read what that took.

${table}

The heaviest question: ${HEAVIEST.name}.

${relayed}`;
}

function intoDocument(text: string): void {
  const document = readFileSync(DOCUMENT, "utf8");
  const [begin, end] = MARKS;
  const [before, rest] = document.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`${DOCUMENT} has no place for the figures`);
  writeFileSync(DOCUMENT, `${before}${begin}\n\n${text}\n\n${end}${after}`);
}
