import { markdownTable } from "../markdown-table.ts";
import { PROXIES } from "./proxies.ts";
import type { Results } from "./results.ts";
import { summaryOf } from "./statistics.ts";

export function textOfReport(results: Results): string {
  const rows = Object.entries(results.figures).map(([figure, byProxy]) => [
    figure,
    ...PROXIES.map(({ name }) => {
      const summary = summaryOf(byProxy[name] ?? []);
      return summary === undefined ? "" : `${round(summary.median)} (${round(summary.low)}–${round(summary.high)})`;
    }),
  ]);
  return `${markdownTable([["figure", ...PROXIES.map(({ title }) => title)], ...rows])}\n${JSON.stringify(results.absent, undefined, 2)}\n`;
}

function round(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en-US") : value.toPrecision(3);
}
