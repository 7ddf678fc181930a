import type { Column } from "./request-columns.ts";

// The measures of a request that can be summed over any set of requests: one row each. The columns of `hours`, the SQL
// over `calls` and `hours`, and the columns in memory all derive from this table.

export interface Measure {
  /** Of the sum, as `hours` stores it. */
  readonly type: "BIGINT" | "DECIMAL(38, 12)";
  readonly meaning: string;
  /** The measure of one row of `calls`, in SQL; NULL is unknown. */
  readonly perRequest: string;
  /** The column of `hours` that counts the requests of which the measure is known. */
  readonly knownColumn?: readonly [name: string, meaning: string];
  /** `hours` stores 0 instead of NULL if the measure is known of no request. */
  readonly zeroIfUnknown?: true;
  /** Stored in `hours` for `lmgate sql`, but no metric uses it. */
  readonly storedOnly?: true;
}

/** Replays repeat usage that another row already has. */
const used = (value: string): string => `CASE WHEN usage <> 'replay' THEN ${value} END`;

const UNPRICED = "(usage <> 'replay' AND coalesce(cost_source = 'none', false))";

/** Requests whose output rate is meaningful. */
const RATED = "usage <> 'replay' AND error_type IS NULL AND total_output_tokens > 0 AND duration_ms > 0";

const tokens = <N extends string>(name: N) =>
  ({
    type: "BIGINT",
    meaning: `Sum of ${name}; NULL if it is known of no request. Replays left out.`,
    perRequest: used(name),
    knownColumn: [`${name}_known`, `Requests of which ${name} is known.`],
  }) as const;

export const MEASURES = {
  requests: {
    type: "BIGINT",
    meaning: "Requests, whatever their outcome; replays and closings of sessions too.",
    perRequest: "1::BIGINT",
  },
  errors: {
    type: "BIGINT",
    meaning: "Requests that have an error_type.",
    perRequest: "(error_type IS NOT NULL)::BIGINT",
  },
  total_input_tokens: tokens("total_input_tokens"),
  total_output_tokens: tokens("total_output_tokens"),
  total_tokens: tokens("total_tokens"),
  cached_input_tokens: tokens("cached_input_tokens"),
  cache_write_tokens: tokens("cache_write_tokens"),
  reasoning_tokens: tokens("reasoning_tokens"),
  estimated_input_tokens: { ...tokens("estimated_input_tokens"), storedOnly: true },
  estimated_output_tokens: { ...tokens("estimated_output_tokens"), storedOnly: true },
  cost_usd: {
    type: "DECIMAL(38, 12)",
    meaning: "Sum of cost_usd; NULL if no request has a cost.",
    perRequest: used("cost_usd"),
    knownColumn: ["priced", "Requests that have a cost."],
  },
  unpriced: {
    type: "BIGINT",
    meaning: "Requests with usage that has no price (cost_source none).",
    perRequest: `${UNPRICED}::BIGINT`,
  },
  unpriced_tokens: {
    type: "BIGINT",
    meaning: "total_input_tokens and total_output_tokens of those.",
    perRequest: `CASE WHEN ${UNPRICED} THEN coalesce(total_input_tokens, 0) + coalesce(total_output_tokens, 0) ELSE 0 END`,
  },
  rate_tokens: {
    type: "BIGINT",
    meaning: "Output tokens of the requests that rate_us covers.",
    perRequest: `CASE WHEN ${RATED} THEN total_output_tokens END`,
    zeroIfUnknown: true,
  },
  rate_us: {
    type: "BIGINT",
    meaning:
      "Microseconds from the first content (of a stream) or the request head to the end, of requests without error, with output and known duration.",
    perRequest: `CASE WHEN ${RATED} THEN round(greatest(duration_ms - coalesce(ttft_ms, 0), 0.001) * 1000)::BIGINT END`,
    zeroIfUnknown: true,
  },
  duration_us: {
    type: "BIGINT",
    meaning: "Sum of duration_ms, in microseconds.",
    perRequest: "round(duration_ms * 1000)::BIGINT",
    storedOnly: true,
  },
} as const satisfies Readonly<Record<string, Measure>>;

type StoredName = keyof typeof MEASURES;

/** Measures that count requests by the dimension `usage`, so that they need no column of their own. */
const USAGE_COUNTS = {
  /** Requests whose usage is known. */
  known: ["known"],
  /** Requests that use nothing new, however much is known: errors, lists, closings of WebSockets, replays. */
  idle: ["not_applicable", "replay"],
} as const;

/** A measure with a column of its own that metrics use. */
export type ColumnMeasure = {
  [N in StoredName]: (typeof MEASURES)[N] extends { readonly storedOnly: true } ? never : N;
}[StoredName];

export type MeasureName = ColumnMeasure | keyof typeof USAGE_COUNTS;

/** The sum of a measure over some requests; `null` if it is known of none. */
export type Sums = (measure: MeasureName) => number | null;

/** In the order of the table. */
export const columnMeasures: readonly ColumnMeasure[] = Object.entries<Measure>(MEASURES)
  .filter(([, { storedOnly }]) => storedOnly !== true)
  .map(([name]) => name as ColumnMeasure); // as: the table's own keys without those that the type leaves out

/** The values of `usage` that the measure counts; `undefined` for a measure with a column. */
export function countedUsages(measure: MeasureName): readonly string[] | undefined {
  return measure === "known" || measure === "idle" ? USAGE_COUNTS[measure] : undefined;
}

/** The measure of one row of `calls`, in SQL. */
export function requestMeasureSql(measure: MeasureName): string {
  return measure === "known" || measure === "idle"
    ? `(usage IN (${textList(USAGE_COUNTS[measure])}))::BIGINT`
    : MEASURES[measure].perRequest;
}

/** The measure of one row of `hours`, in SQL. */
export function hourMeasureSql(measure: MeasureName): string {
  return measure === "known" || measure === "idle"
    ? `CASE WHEN usage IN (${textList(USAGE_COUNTS[measure])}) THEN requests ELSE 0 END`
    : measure;
}

function textList(texts: readonly string[]): string {
  return texts.map((text) => `'${text}'`).join(", ");
}

/** The columns of `hours` that hold sums of measures, with the SQL that computes them from rows of `calls`. */
export const measureColumns: readonly Column[] = Object.entries<Measure>(MEASURES).flatMap(
  ([name, { type, meaning, perRequest, knownColumn, zeroIfUnknown }]) => {
    const sum = `sum(${perRequest})`;
    const column = { name, type, meaning, value: zeroIfUnknown === true ? `coalesce(${sum}, 0)` : sum };
    if (knownColumn === undefined) return [column];
    const [knownName, knownMeaning] = knownColumn;
    return [column, { name: knownName, type: "BIGINT", meaning: knownMeaning, value: `count(${perRequest})` }];
  },
);
