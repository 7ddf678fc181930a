import * as z from "zod";
import { dimensionNames } from "./dimensions.ts";

// What can be asked of the ledger, by every face alike: dashboard, API, command line and export.

export const dimension = z
  .union([z.enum(dimensionNames), z.templateLiteral(["tag:", z.string().min(1)])])
  .meta({ description: "`tag:<name>` or one of the fixed dimensions." });

export const metricNames = [
  "cost",
  "requests",
  "errors",
  "error_rate",
  "total_tokens",
  "input_tokens",
  "output_tokens",
  "cached_input_tokens",
  "cache_write_tokens",
  "reasoning_tokens",
  "cache_hit_rate",
  "duration_p50",
  "duration_p90",
  "duration_p95",
  "duration_p99",
  "ttft_p50",
  "ttft_p90",
  "ttft_p95",
  "ttft_p99",
  "output_tokens_per_second",
  "coverage",
] as const;

/** Costs in US dollars, durations in milliseconds, rates from 0 to 1. Tokens are the `total_*` sums: cached and reasoning ones are part of them. */
export const metric = z.enum(metricNames);

/** `is` and `is_not` take any of the values; `null` is a call where the dimension is unknown. The others compare numbers (`status`). */
export const filter = z.object({
  dimension,
  op: z.enum(["is", "is_not", "gte", "lte"]),
  values: z.array(z.string().nullable()).min(1).max(100),
});

export const bucketNames = ["1m", "5m", "15m", "1h", "1d", "1w", "1mo"] as const;

/** A question in its own terms; the edges (URL, command line) turn their text into this. */
export const question = z.object({
  /** RFC 3339, or relative to now: `-15m`, `-24h`, `-7d`, `-30d`, `today`, `month` (the start of either in `tz`), `now`. */
  from: z.string().default("-24h"),
  /** The first moment that is no longer part of it. */
  to: z.string().default("now"),
  /** An IANA name. */
  tz: z.string().default("UTC"),
  bucket: z.enum([...bucketNames, "auto", "none"]).default("auto"),
  groupBy: z.array(dimension).max(2).default([]),
  metrics: z.array(metric).min(1).default(["cost", "total_tokens", "requests", "errors"]),
  filters: z.array(filter).max(50).default([]),
  compare: z.enum(["none", "previous"]).default("none"),
  /** Groups beyond are summed as *other*. */
  limit: z.number().int().min(1).max(1000).default(20),
  /**
   * A metric, or `key` for the groups' own order; with `-` before it for the greatest first. By default the first metric,
   * greatest first; groups by day, hour or weekday in their own order.
   */
  order: z.string().optional(),
});

export type { Dimension } from "./dimensions.ts";
export type Metric = z.infer<typeof metric>;
export type Filter = z.infer<typeof filter>;
export type Query = z.infer<typeof question>;

/**
 * `null`: unknown, or nothing to compute it from. What no call can have used is 0. Only the metrics that were asked for.
 * Percentiles are of all calls whose time is known but closings of WebSockets, by nearest rank, and off by at most 1.6 %.
 */
export const values = z.partialRecord(metric, z.number().nullable());

export const series = z.object({
  /** One value for each of `groupBy`, `null` for unknown; empty for *other*. */
  key: z.array(z.string().nullable()),
  label: z.string(),
  /** The groups beyond `limit`, summed. */
  other: z.boolean(),
  total: values,
  previous: values.nullable(),
  /** For each metric one value a bucket; empty with `bucket: none`. */
  points: z.partialRecord(metric, z.array(z.number().nullable())),
  previousPoints: z.partialRecord(metric, z.array(z.number().nullable())).nullable(),
});

/**
 * How much of what is shown is known, and why the rest is not. Over all matching calls, whatever the limit: `requests`
 * is the sum of `withUsage`, `estimated`, `withoutUsage` and `notApplicable`.
 */
export const coverage = z.object({
  requests: z.number(),
  withUsage: z.number(),
  /** Only estimates are known, which are in no figure. */
  estimated: z.number(),
  withoutUsage: z.number(),
  /** Calls that use nothing new: errors, lists of models, closings of WebSockets, answers that are fetched again. */
  notApplicable: z.number(),
  /** Something was used that has no price. */
  unpricedRequests: z.number(),
  unpricedTokens: z.number(),
  unpricedModels: z.array(z.string()),
  reasons: z.array(z.object({ reason: z.string(), requests: z.number() })),
});

export const answer = z.object({
  /** The question with everything decided: absolute `from` and `to`, the bucket that was chosen. */
  query: question.extend({ order: z.string(), bucket: z.enum([...bucketNames, "none"]) }),
  /**
   * Start of each bucket, RFC 3339 with the offset of `tz`; each ends where the next begins, the last where the range
   * ends. They are full units of the clock of `tz`; the range cuts the first and the last off.
   */
  buckets: z.array(z.string()),
  /** None without `groupBy`. */
  series: z.array(series),
  /** Computed from all matching calls, never from the series. */
  totals: series,
  coverage,
  /** The bucket from which on the figures still grow; `null` if the range is over. */
  partialFrom: z.string().nullable(),
  /** Of the last call that is part of the store. */
  through: z.string().nullable(),
  generatedAt: z.string(),
});

export type Values = z.infer<typeof values>;
export type Series = z.infer<typeof series>;
export type Coverage = z.infer<typeof coverage>;
export type Answer = z.infer<typeof answer>;
