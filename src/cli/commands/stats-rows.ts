import type { QueryResponse, Series, Values } from "../../store/schema/query.ts";
import { csvCell } from "../output/csv-cell.ts";

/** The metrics of one group, or of one group in one time bucket. */
export interface StatsRow {
  readonly bucket: string | undefined;
  readonly series: Series;
  readonly values: Values;
}

/** The rows of a result; the sum of the groups beyond the limit is last. */
export function statsRows({ series, buckets, query }: QueryResponse): readonly StatsRow[] {
  if (buckets.length === 0) return series.map((each) => ({ bucket: undefined, series: each, values: each.total }));
  return buckets.flatMap((bucket, index) =>
    series.map((each) => ({
      bucket,
      series: each,
      values: Object.fromEntries(query.metrics.map((metric) => [metric, each.points[metric]?.[index] ?? null])),
    })),
  );
}

/** Each row as a JSON object: `bucket` if there are buckets, then dimensions and metrics. */
export function statsJsonLines(result: QueryResponse): readonly string[] {
  return statsRows(result).map((row) => JSON.stringify(objectOf(result, row)));
}

/** RFC 4180. */
export function statsCsv(result: QueryResponse): string {
  const names = [...(result.buckets.length === 0 ? [] : ["bucket"]), ...result.query.groupBy, ...result.query.metrics];
  const lines = statsRows(result).map((row) => {
    const cells: Readonly<Record<string, unknown>> = objectOf(result, row);
    return names.map((name) => csvCell(cells[name]));
  });
  return [names.map(csvCell), ...lines].map((cells) => `${cells.join(",")}\r\n`).join("");
}

function objectOf({ query }: QueryResponse, { bucket, series, values }: StatsRow): Record<string, unknown> {
  const row: Record<string, unknown> = bucket === undefined ? {} : { bucket };
  for (const [index, name] of query.groupBy.entries()) {
    row[name] = series.other ? "other" : (series.key[index] ?? null);
  }
  return { ...row, ...values };
}
