import { bucketNames } from "../time/time-buckets.ts";
import * as z from "zod";
import { dimensionNames } from "./dimensions.ts";
import { metricNames } from "./metrics.ts";

// The queries of the store, as the dashboard, the API, the command line and exports make them, and their responses.

const dimension = z
  .union([z.enum(dimensionNames), z.templateLiteral(["tag:", z.string().min(1)])])
  .meta({ description: "`tag:<name>` or one of the fixed dimensions." });

/** Costs in US dollars, durations in milliseconds, rates from 0 to 1. Tokens are the `total_*` sums: cached and reasoning ones are part of them. */
const metric = z.enum(metricNames);

/** `is` and `is_not` match any of the values; `null` is an unknown value. `gte` and `lte` compare numbers (`status`). */
export const filter = z.object({
  dimension,
  op: z.enum(["is", "is_not", "gte", "lte"]),
  values: z.array(z.string().nullable()).min(1).max(100),
});

/** `query-text.ts` turns URL parameters and options of the command line into this. */
export const querySchema = z.object({
  /** RFC 3339, or relative to now: `-15m`, `-24h`, `-7d`, `-30d`, `today`, `month` (the start of either in `tz`), `now`. */
  from: z.string().default("-24h"),
  /** The end of the range, exclusive. */
  to: z.string().default("now"),
  /** An IANA name. */
  tz: z.string().default("UTC"),
  bucket: z.enum([...bucketNames, "auto", "none"]).default("auto"),
  groupBy: z.array(dimension).max(2).default([]),
  metrics: z.array(metric).min(1).default(["cost", "total_tokens", "requests", "errors"]),
  filters: z.array(filter).max(50).default([]),
  compare: z.enum(["none", "previous"]).default("none"),
  /** Groups beyond the limit are summed as *other*. */
  limit: z.number().int().min(1).max(1000).default(20),
  /**
   * A metric, or `key` for the values of the groups; a `-` before it means descending. Default: the first metric,
   * descending; for groups by day, hour or weekday, `key`.
   */
  order: z.string().optional(),
});

export type { Dimension } from "./dimensions.ts";
export type { Metric } from "./metrics.ts";
export type Filter = z.infer<typeof filter>;
export type Query = z.infer<typeof querySchema>;

/**
 * The metrics of the query. `null` is unknown, or there is nothing to compute it from; it is 0 only if no request can have
 * used anything. Percentiles are by nearest rank and off by at most 1.6 %; closings of WebSockets do not count.
 */
export const values = z.partialRecord(metric, z.number().nullable());

export const series = z.object({
  /** One value for each of `groupBy`, `null` for unknown; empty for *other*. */
  key: z.array(z.string().nullable()),
  label: z.string(),
  /** True for the sum of the groups beyond `limit`. */
  other: z.boolean(),
  total: values,
  previous: values.nullable(),
  /** One value per bucket for each metric; empty with `bucket: none`. */
  points: z.partialRecord(metric, z.array(z.number().nullable())),
  previousPoints: z.partialRecord(metric, z.array(z.number().nullable())).nullable(),
});

/**
 * How much of the usage is known, and why the rest is not, over all matching requests, whatever the limit. `requests` is the
 * sum of `withUsage`, `estimated`, `withoutUsage` and `notApplicable`.
 */
export const coverage = z.object({
  requests: z.number(),
  withUsage: z.number(),
  /** Only estimates are known. No metric includes them. */
  estimated: z.number(),
  withoutUsage: z.number(),
  /** Requests that use nothing new: errors, lists of models, closings of WebSockets, responses that are fetched again. */
  notApplicable: z.number(),
  /** Requests with usage that has no price. */
  unpricedRequests: z.number(),
  unpricedTokens: z.number(),
  unpricedModels: z.array(z.string()),
  reasons: z.array(z.object({ reason: z.string(), requests: z.number() })),
});

export const queryResponse = z.object({
  /** The query with absolute `from` and `to` and the bucket that was chosen. */
  query: querySchema.extend({ order: z.string(), bucket: z.enum([...bucketNames, "none"]) }),
  /**
   * Start of each bucket, RFC 3339 with the offset of `tz`. Each ends where the next begins, the last where the range ends.
   * Buckets are full units of local time; the first and the last are cut at the range.
   */
  buckets: z.array(z.string()),
  /** Empty without `groupBy`. */
  series: z.array(series),
  /** Computed from all matching requests, not from the series. */
  totals: series,
  coverage,
  /** The first bucket that may still grow; `null` if the range is over. */
  partialFrom: z.string().nullable(),
  /** When the last request in the store ended. */
  through: z.string().nullable(),
  generatedAt: z.string(),
});

export type Values = z.infer<typeof values>;
export type Series = z.infer<typeof series>;
export type Coverage = z.infer<typeof coverage>;
export type QueryResponse = z.infer<typeof queryResponse>;
