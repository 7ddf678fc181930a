/** Formats a run as the tables of docs/benchmarks.md. */
import { markdownTable } from "../markdown-table.ts";
import { added, TARGETS, isMet, ratios } from "./targets.ts";
import { numberText, summaryText } from "./number-text.ts";
import { LMGATE, LMGATE_TWO, NGINX, NO_PROXY, PROXIES, RAW_RELAY } from "./proxies.ts";
import type { Results } from "./results.ts";
import { summaryOf } from "../statistics.ts";
import { WORKLOADS } from "./workloads.ts";

const compared = PROXIES.filter(({ name }) => name !== NO_PROXY);
/** The units of memory that the kernel and `ps` use. */
const MB = 2 ** 20;
const KB = 2 ** 10;

interface Section {
  readonly heading: string;
  readonly text: string;
  /** File name and alternative text of a plot. */
  readonly plot?: readonly [name: string, description: string];
}

export function sectionsOf(results: Results): readonly Section[] {
  return [
    { heading: "Targets", text: targetsTable(results) },
    {
      heading: "CPU time",
      text: [
        "Microseconds per request, and per chunk for event streams, of all processes: median (minimum–maximum) of the rounds.",
        cpuTable(results),
        "The first 2,000 requests of a process, whose code is not compiled yet:",
        table(results, [["small JSON", "cold.first-requests"]], plain(results)),
      ].join("\n\n"),
      plot: ["cpu", "CPU time of a small request and of a chunk of a stream, by proxy"],
    },
    {
      heading: "As a multiple",
      text: [
        "Ratios, round by round. The ratio to the raw relay shows how far LMGate is from the limit.",
        ratioTable(results),
      ].join("\n\n"),
    },
    {
      heading: "Time",
      text: ["Milliseconds that a proxy adds to the time without one.", timeTable(results)].join("\n\n"),
      plot: ["time", "Time that each proxy adds to a request and to the first byte of a stream"],
    },
    {
      heading: "Memory and start",
      text: [
        "Resident memory of all processes of a proxy (MB of 2^20 bytes, KB of 2^10); start until the first served request.",
        memoryTable(results),
      ].join("\n\n"),
      plot: ["memory", "Memory of each proxy when idle, and for each open stream"],
    },
    {
      heading: "Requests per second",
      text: [
        "The load generator, the upstream and the proxy share the processors, so this says less than CPU time.",
        rateTable(results),
      ].join("\n\n"),
    },
    { heading: "Not measured", text: absences(results) },
  ];
}

function targetsTable(results: Results): string {
  const rows = TARGETS.map((target) => {
    const rounds = target.rounds(results);
    const isTargetMet = isMet(target, rounds);
    const unit = target.unit === "" ? "×" : ` ${target.unit}`;
    const limit = (value: number): string => `${value}${unit}`;
    const outcome = isTargetMet === undefined ? "not measured" : isTargetMet ? "yes" : "no";
    return [target.what, limit(target.atMost), limit(target.aim), summaryText(summaryOf(rounds)), outcome];
  });
  return markdownTable([["", "at most", "aim", "measured", "met"], ...rows]);
}

type Cell = (figure: string, proxy: string) => string;

function table(results: Results, rows: readonly (readonly [title: string, figure: string])[], cell: Cell): string {
  const columns = compared;
  const kept = rows.filter(([, figure]) => results.figures[figure] !== undefined);
  if (kept.length === 0) return "Not measured in this run.";
  const head = ["", ...columns.map(({ title }) => title)];
  return markdownTable([
    head,
    ...kept.map(([title, figure]) => [title, ...columns.map(({ name }) => cell(figure, name))]),
  ]);
}

function cpuTable(results: Results): string {
  const rows = WORKLOADS.map(({ name, title }) => [title, `${name}.cpu`] as const);
  return table(results, rows, plain(results));
}

function plain({ figures }: Results, scale = 1): Cell {
  return (figure, proxy) => summaryText(summaryOf(figures[figure]?.[proxy] ?? []), scale);
}

function ratioTable(results: Results): string {
  const pairs = [
    ["LMGate / nginx", LMGATE, NGINX],
    ["LMGate / raw relay", LMGATE, RAW_RELAY],
    ["two data workers / one", LMGATE_TWO, LMGATE],
    ["node:http + undici / LMGate", "naive", LMGATE],
    ["Portkey / LMGate", "portkey", LMGATE],
    ["LiteLLM / LMGate", "litellm", LMGATE],
  ] as const;
  const rows = WORKLOADS.map(({ name, title }) => [
    title,
    ...pairs.map(([, over, under]) => summaryText(summaryOf(ratios(results, `${name}.cpu`, over, under)))),
  ]);
  return markdownTable([["", ...pairs.map(([title]) => title)], ...rows]);
}

function timeTable(results: Results): string {
  const rows = [
    ["small JSON, p50", "latency.p50"],
    ["small JSON, p99", "latency.p99"],
    ["first byte beside 200 streams, p50", "sse-200.p50"],
    ["first byte beside 200 streams, p99", "sse-200.p99"],
  ] as const;
  const without = rows.map(([, figure]) =>
    numberText(summaryOf(results.figures[figure]?.[NO_PROXY] ?? [])?.median ?? NaN),
  );
  const text = table(results, rows, (figure, proxy) => summaryText(summaryOf(added(results, figure, proxy))));
  return `${text}\n\nWithout a proxy, these took ${without.join(", ")} ms.`;
}

function memoryTable(results: Results): string {
  const [megabytes, kilobytes, one] = [plain(results, MB), plain(results, KB), plain(results)];
  const cells: Readonly<Record<string, Cell>> = {
    "memory.idle": megabytes,
    "memory.per-streams": kilobytes,
    "memory.per-tls-streams": kilobytes,
    "memory.slow-readers": megabytes,
    "memory.peak": megabytes,
    "memory.after-many": megabytes,
    "start.ms": one,
  };
  const rows = [
    ["idle, MB", "memory.idle"],
    ["an open idle stream, KB", "memory.per-streams"],
    ["the same with a TLS upstream, KB", "memory.per-tls-streams"],
    ["growth with 20 responses of 50 MB to slow readers, MB", "memory.slow-readers"],
    ["peak of all this, MB", "memory.peak"],
    ["after 100,000 requests, MB", "memory.after-many"],
    ["start, ms", "start.ms"],
  ] as const;
  return table(results, rows, (figure, proxy) => cells[figure]?.(figure, proxy) ?? "");
}

function rateTable(results: Results): string {
  return table(
    results,
    WORKLOADS.filter(({ unit }) => unit === "request").map(({ name, title }) => [title, `${name}.rate`] as const),
    plain(results),
  );
}

function absences({ absent }: Results): string {
  const titles = new Map(PROXIES.map(({ name, title }) => [name, title]));
  const what = new Map(WORKLOADS.map(({ name, title }) => [name, title]));
  const lines = Object.entries(absent).flatMap(([figure, byProxy]) =>
    Object.entries(byProxy).map(([proxy, reason]) => {
      const subject = figure === "*" ? "everything" : (what.get(figure) ?? figure);
      return `- ${titles.get(proxy) ?? proxy}, ${subject}: ${reason.split("\n", 1)[0] ?? ""}`;
    }),
  );
  return lines.length === 0 ? "Everything was measured." : lines.join("\n");
}
