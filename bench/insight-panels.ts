import type { StoreReader } from "../src/store/schema/reader.ts";
import { querySchema, type Query } from "../src/store/schema/query.ts";

/** One query of a dashboard page. */
export interface Panel {
  readonly name: string;
  readonly run: (reader: StoreReader) => Promise<unknown>;
}

function panelQuery(name: string, query: Partial<Query>): Panel {
  return { name, run: (reader) => reader.query(querySchema.parse(query)) };
}

const TILES: Partial<Query> = {
  metrics: ["cost", "total_tokens", "requests", "error_rate", "ttft_p95", "cache_hit_rate"],
  compare: "previous",
};
const MONTH: Partial<Query> = { from: "-30d", tz: "Europe/Berlin" };
const ALL: Partial<Query> = { from: "-90d", tz: "Europe/Berlin" };
const FAILED: Query["filters"] = [{ dimension: "status", op: "gte", values: ["400"] }];
const scope = { from: "-90d", to: "now", tz: "UTC" };

/** Every panel over a typical range, and the expensive ones over everything. */
export const PANELS: readonly Panel[] = [
  panelQuery("Overview: tiles with sparklines and Δ, 24 h", TILES),
  panelQuery("Overview: tiles with sparklines and Δ, 30 d", { ...TILES, ...MONTH }),
  panelQuery("Overview: cost stacked by model, 24 h", { groupBy: ["model"], metrics: ["cost"], limit: 8 }),
  panelQuery("Overview: cost stacked by model, 30 d", { ...MONTH, groupBy: ["model"], metrics: ["cost"], limit: 8 }),
  ...(["owner", "key", "model", "provider"] as const).map((by) =>
    panelQuery(`Overview: top by ${by}, 30 d`, { ...MONTH, groupBy: [by], bucket: "none", limit: 8 }),
  ),
  panelQuery("Explore: owner × model with Δ, 30 d", {
    ...MONTH,
    groupBy: ["owner", "model"],
    bucket: "none",
    compare: "previous",
    limit: 100,
  }),
  panelQuery("Explore: owner × model, 90 d", { ...ALL, groupBy: ["owner", "model"], bucket: "none", limit: 100 }),
  panelQuery("Explore: hour × weekday, 30 d", { ...MONTH, groupBy: ["weekday", "hour"], bucket: "none", limit: 168 }),
  panelQuery("Explore: by a tag, 7 d", { from: "-7d", groupBy: ["tag:team"] }),
  panelQuery("Explore: days in a zone of half hours, 30 d", {
    from: "-30d",
    tz: "Asia/Kolkata",
    bucket: "1d",
    groupBy: ["model"],
  }),
  panelQuery("Latency: percentiles by model, 24 h", latency({ groupBy: ["model"] })),
  panelQuery("Latency: percentiles by model, 30 d", latency({ ...MONTH, groupBy: ["model"] })),
  panelQuery("Errors: by type and status, 30 d", {
    ...MONTH,
    groupBy: ["error_type", "status"],
    metrics: ["errors", "requests"],
    filters: FAILED,
  }),
  { name: "Requests: newest page", run: (reader) => reader.listRequests({ ...scope, filters: [], limit: 100 }) },
  { name: "Requests: newest failed", run: (reader) => reader.listRequests({ ...scope, filters: FAILED, limit: 100 }) },
  {
    name: "Requests: newest of a rare kind",
    run: (reader) =>
      reader.listRequests({
        ...scope,
        filters: [{ dimension: "status", op: "is", values: ["400"] }, ...FAILED],
        limit: 100,
      }),
  },
  {
    name: "Filter menu: models, 30 d",
    run: (reader) => reader.dimensionValues({ ...scope, from: "-30d", filters: [], dimension: "model", limit: 50 }),
  },
  { name: "Keys: 24 h, 30 d, last used", run: (reader) => reader.keyActivity() },
  {
    name: "Prices: models without one, 30 d",
    run: (reader) => reader.unpricedModels({ ...scope, from: "-30d", filters: [] }),
  },
];

function latency(query: Partial<Query>): Partial<Query> {
  return {
    ...query,
    metrics: ["duration_p50", "duration_p90", "duration_p95", "duration_p99", "ttft_p50", "ttft_p95", "ttft_p99"],
    order: "-requests",
  };
}

/** The most expensive query: all requests of 90 days, by a tag, with percentiles. */
export const HEAVIEST: Panel = panelQuery("by a tag with percentiles, 90 d", {
  ...ALL,
  groupBy: ["tag:team", "model"],
  bucket: "1d",
  metrics: ["cost", "requests", "duration_p95", "ttft_p95"],
  compare: "previous",
});
