// `npm run conformance` sends the reference requests to a gateway and prints how it, HAProxy, nginx and Caddy handle them. It
// fails if LMGate forwards a request that one of them rejects. `--live` also measures the installed HAProxy and nginx.
import { styleText, parseArgs } from "node:util";

import { markdownTable } from "../bench/markdown-table.ts";
import { textTable } from "../src/cli/output/text-table.ts";
import {
  compare,
  measureGateway,
  measureProxy,
  startRespondingUpstream,
  type Comparison,
} from "../test/attack/conformance.ts";
import { startHaproxy, startNginxProxy } from "../test/attack/other-proxies.ts";
import { REFERENCE_REQUESTS, formatResult, type Other, type ProxyResult } from "../test/attack/reference-requests.ts";

const MEASURED_ONCE: Readonly<Record<Other, string>> = {
  node: "node:http 24.21",
  haproxy: "HAProxy 2.6",
  nginx: "nginx 1.22",
  caddy: "Caddy 2.6",
};
const SHOWN: readonly Other[] = ["haproxy", "nginx", "caddy", "node"];
const LEGEND = "number: status of the response; x: connection closed; F: forwarded; -: no response";

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    markdown: { type: "boolean", default: false },
    live: { type: "boolean", default: false },
  },
});

// A reader that closes the pipe early, such as `head`, is not an error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

const live = values.live ? await measureLive() : undefined;
const names = { ...MEASURED_ONCE, ...live?.names };
const ours = await measureGateway();
const rows = REFERENCE_REQUESTS.map((request) => {
  const result = ours.get(request.name);
  if (result === undefined) throw new Error(`"${request.name}" was not measured`);
  return compare(request, result, { ...request.results, ...live?.resultsOf(request.name) });
});
const offending = rows.filter(({ laxerThan, allowed }) => laxerThan.length > 0 && !allowed);
report(rows);
if (offending.length > 0) process.exitCode = 1;

function report(comparisons: readonly Comparison[]): void {
  const print = (text: string): void => void process.stdout.write(`${text}\n`);
  if (values.json) return print(JSON.stringify({ proxies: names, cases: comparisons }, undefined, 2));
  const head = ["case", "LMGate", ...SHOWN.map((other) => names[other]), ""];
  const cells = comparisons.map((row) => [
    values.markdown ? `\`${row.name}\`` : row.name,
    formatResult(row.ours),
    ...SHOWN.map((other) => formatResult(row.others[other])),
    remark(row),
  ]);
  if (values.markdown) {
    print(markdownTable([head, ...cells], head.length));
  } else {
    const columns = head.map((heading) => ({ heading, align: "left" as const }));
    const [first = "", ...lines] = textTable(columns, cells);
    print(color("bold", first));
    for (const [index, line] of lines.entries()) print(colorRow(line, comparisons[index]));
    print("");
  }
  print(`${values.markdown ? "\n" : ""}${summary(comparisons)}`);
}

function remark({ laxerThan, strictest, allowed }: Comparison): string {
  if (laxerThan.length > 0) return `laxer than ${laxerThan.join(", ")}${allowed ? ", as RFC 9112 §2.2 asks" : ""}`;
  return strictest ? "stricter than all three" : "";
}

function summary(comparisons: readonly Comparison[]): string {
  const strictest = comparisons.filter((row) => row.strictest).length;
  const conclusion =
    offending.length === 0
      ? "LMGate forwards nothing that HAProxy, nginx or Caddy rejects, except an empty line before a request."
      : `Forwarded although one of them rejects it: ${offending.map(({ name }) => name).join("; ")}.`;
  return `${comparisons.length} cases (${LEGEND}). ${conclusion} ${strictest} are rejected only by LMGate.`;
}

function colorRow(line: string, row: Comparison | undefined): string {
  if (row === undefined || row.laxerThan.length === 0) return line;
  return color(row.allowed ? "yellow" : "red", line);
}

function color(style: "bold" | "red" | "yellow", text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

async function measureLive() {
  const found: { readonly name: Other; readonly label: string; readonly results: ReadonlyMap<string, ProxyResult> }[] =
    [];
  for (const start of [startHaproxy, startNginxProxy]) {
    const upstream = await startRespondingUpstream();
    const proxy = await start(upstream.port);
    if (proxy === undefined) {
      process.stderr.write(
        `${start === startHaproxy ? "haproxy" : "nginx"} is not installed: using the recorded results\n`,
      );
    } else {
      const label = `${MEASURED_ONCE[proxy.name].split(" ", 1)[0]} ${proxy.version} (live)`;
      found.push({ name: proxy.name, label, results: await measureProxy(proxy.port, upstream) });
      await proxy.stop();
    }
    await upstream.close();
  }
  return {
    names: Object.fromEntries(found.map(({ name, label }) => [name, label])),
    resultsOf: (request: string): Partial<Record<Other, ProxyResult>> =>
      Object.fromEntries(found.map(({ name, results }) => [name, results.get(request)])),
  };
}
