// `npm run conformance` sends the reference requests to a running gateway and prints its verdicts beside those of HAProxy, nginx and
// Caddy. It fails where LMGate passes on what one of them refuses. `--live` asks the HAProxy and the nginx of this machine as well.
import { styleText, parseArgs } from "node:util";

import { markdownTable } from "../bench/markdown-table.ts";
import { textTable } from "../src/cli/output/text-table.ts";
import {
  compare,
  measureOurs,
  measureProxy,
  startAnsweringUpstream,
  type Comparison,
} from "../test/attack/conformance.ts";
import { startHaproxy, startNginxProxy } from "../test/attack/other-proxies.ts";
import { REFERENCE_REQUESTS, showVerdict, type Other, type Verdict } from "../test/attack/reference-requests.ts";

const MEASURED_ONCE: Readonly<Record<Other, string>> = {
  node: "node:http 24.21",
  haproxy: "HAProxy 2.6",
  nginx: "nginx 1.22",
  caddy: "Caddy 2.6",
};
const SHOWN: readonly Other[] = ["haproxy", "nginx", "caddy", "node"];
const LEGEND = "number: status of an answer; x: connection closed; F: forwarded; -: no answer";

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    markdown: { type: "boolean", default: false },
    live: { type: "boolean", default: false },
  },
});

// A reader that has seen enough, as `head` does, is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

const live = values.live ? await measureLive() : undefined;
const names = { ...MEASURED_ONCE, ...live?.names };
const ours = await measureOurs();
const rows = REFERENCE_REQUESTS.map((request) => {
  const verdict = ours.get(request.name);
  if (verdict === undefined) throw new Error(`"${request.name}" was not measured`);
  return compare(request, verdict, { ...request.verdicts, ...live?.verdictsOf(request.name) });
});
const offending = rows.filter(({ laxerThan, allowed }) => laxerThan.length > 0 && !allowed);
print(rows);
if (offending.length > 0) process.exitCode = 1;

function print(comparisons: readonly Comparison[]): void {
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  if (values.json) return say(JSON.stringify({ proxies: names, cases: comparisons }, undefined, 2));
  const head = ["case", "LMGate", ...SHOWN.map((other) => names[other]), ""];
  const cells = comparisons.map((row) => [
    values.markdown ? `\`${row.name}\`` : row.name,
    showVerdict(row.ours),
    ...SHOWN.map((other) => showVerdict(row.others[other])),
    remark(row),
  ]);
  if (values.markdown) {
    say(markdownTable([head, ...cells], head.length));
  } else {
    const columns = head.map((heading) => ({ heading, align: "left" as const }));
    const [first = "", ...lines] = textTable(columns, cells);
    say(paint("bold", first));
    for (const [index, line] of lines.entries()) say(painted(line, comparisons[index]));
    say("");
  }
  say(`${values.markdown ? "\n" : ""}${summary(comparisons)}`);
}

function remark({ laxerThan, strictest, allowed }: Comparison): string {
  if (laxerThan.length > 0) return `laxer than ${laxerThan.join(", ")}${allowed ? ", as RFC 9112 §2.2 asks" : ""}`;
  return strictest ? "stricter than all three" : "";
}

function summary(comparisons: readonly Comparison[]): string {
  const strictest = comparisons.filter((row) => row.strictest).length;
  const verdict =
    offending.length === 0
      ? "Nothing that HAProxy, nginx or Caddy refuses is passed on, but an empty line before a request."
      : `Passed on although one of them refuses it: ${offending.map(({ name }) => name).join("; ")}.`;
  return `${comparisons.length} cases (${LEGEND}). ${verdict} ${strictest} are refused here alone.`;
}

function painted(line: string, row: Comparison | undefined): string {
  if (row === undefined || row.laxerThan.length === 0) return line;
  return paint(row.allowed ? "yellow" : "red", line);
}

/** `styleText` knows NO_COLOR and whether stdout is a terminal. */
function paint(style: "bold" | "red" | "yellow", text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

async function measureLive() {
  const found: { readonly name: Other; readonly label: string; readonly verdicts: ReadonlyMap<string, Verdict> }[] = [];
  for (const start of [startHaproxy, startNginxProxy]) {
    const upstream = await startAnsweringUpstream();
    const proxy = await start(upstream.port);
    if (proxy === undefined) {
      process.stderr.write(
        `${start === startHaproxy ? "haproxy" : "nginx"} is not installed: the frozen verdicts stand\n`,
      );
    } else {
      const label = `${MEASURED_ONCE[proxy.name].split(" ", 1)[0]} ${proxy.version} (live)`;
      found.push({ name: proxy.name, label, verdicts: await measureProxy(proxy.port, upstream) });
      await proxy.stop();
    }
    await upstream.close();
  }
  return {
    names: Object.fromEntries(found.map(({ name, label }) => [name, label])),
    verdictsOf: (request: string): Partial<Record<Other, Verdict>> =>
      Object.fromEntries(found.map(({ name, verdicts }) => [name, verdicts.get(request)])),
  };
}
