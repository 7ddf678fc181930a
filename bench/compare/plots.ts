import { added } from "./targets.ts";
import { numberText } from "./number-text.ts";
import { LMGATE, LMGATE_TWO, NO_PROXY, PROXIES } from "./proxies.ts";
import type { Results } from "./results.ts";
import { summaryOf } from "../statistics.ts";
import { svgOfBars, type BarGroup } from "./svg-bars.ts";

type Rounds = (figure: string, proxy: string) => readonly number[];
/** A group of bars: title, name of the figure, divisor, unit. */
type Group = readonly [title: string, figure: string, scale: number, unit: string];

/** The plots of a run by file name; a plot without measurements is left out. */
export function plotsOf(results: Results): ReadonlyMap<string, string> {
  const measured: Rounds = (figure, proxy) => results.figures[figure]?.[proxy] ?? [];
  const plots: readonly (readonly [name: string, description: string, rounds: Rounds, groups: readonly Group[]])[] = [
    [
      "cpu",
      "CPU time by proxy",
      measured,
      [
        ["A small request", "small.cpu", 1, "µs"],
        ["A small request, response gzipped", "gzip.cpu", 1, "µs"],
        ["A chunk of a stream, 200 streams", "sse-200.cpu", 1, "µs"],
        ["A chunk of a stream, 2,000 streams", "sse-2000.cpu", 1, "µs"],
      ],
    ],
    [
      "time",
      "Time that each proxy adds",
      (figure, proxy) => added(results, figure, proxy),
      [
        ["One request at a time, p50", "latency.p50", 1, "ms"],
        ["First byte of a stream beside 200 others, p50", "sse-200.p50", 1, "ms"],
        ["First byte of a stream beside 200 others, p99", "sse-200.p99", 1, "ms"],
      ],
    ],
    [
      "memory",
      "Memory and start by proxy",
      measured,
      [
        ["Idle", "memory.idle", 2 ** 20, "MB"],
        ["An open idle stream", "memory.per-streams", 2 ** 10, "KB"],
        ["Start to the first request served", "start.ms", 1, "ms"],
      ],
    ],
  ];
  const drawn = plots.flatMap(([name, description, rounds, groups]) => {
    const shown = groups.map((group) => barsOf(group, rounds)).filter(({ bars }) => bars.length > 0);
    return shown.length === 0 ? [] : [[name, svgOfBars(description, shown)] as const];
  });
  return new Map(drawn);
}

function barsOf([title, figure, scale, unit]: Group, rounds: Rounds): BarGroup {
  const bars = PROXIES.filter(({ name }) => name !== NO_PROXY).flatMap(({ name, title: label }) => {
    const summary = summaryOf(rounds(figure, name).map((value) => value / scale));
    if (summary === undefined) return [];
    const text = `${numberText(summary.median)} ${unit}`;
    const isOurs = name === LMGATE || name === LMGATE_TWO;
    return [{ label, value: summary.median, low: summary.low, high: summary.high, isOurs, text }];
  });
  return { title, bars };
}
