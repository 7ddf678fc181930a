import type { StoreReader } from "../src/store/schema/reader.ts";
import { question, type Query } from "../src/store/schema/query.ts";

/** What a page of the dashboard asks for at once. */
export interface Panel {
  readonly name: string;
  readonly ask: (reader: StoreReader) => Promise<unknown>;
}

function panel(name: string, asked: Partial<Query>): Panel {
  return { name, ask: (reader) => reader.ask(question.parse(asked)) };
}

const TILES: Partial<Query> = {
  metrics: ["cost", "total_tokens", "requests", "error_rate", "ttft_p95", "cache_hit_rate"],
  compare: "previous",
};
const MONTH: Partial<Query> = { from: "-30d", tz: "Europe/Berlin" };
const ALL: Partial<Query> = { from: "-90d", tz: "Europe/Berlin" };
const FAILED: Query["filters"] = [{ dimension: "status", op: "gte", values: ["400"] }];
const scope = { from: "-90d", to: "now", tz: "UTC" };

/** Every panel over a usual range, and the heavier ones over everything. */
export const PANELS: readonly Panel[] = [
  panel("Overview: tiles with sparklines and Δ, 24 h", TILES),
  panel("Overview: tiles with sparklines and Δ, 30 d", { ...TILES, ...MONTH }),
  panel("Overview: cost stacked by model, 24 h", { groupBy: ["model"], metrics: ["cost"], limit: 8 }),
  panel("Overview: cost stacked by model, 30 d", { ...MONTH, groupBy: ["model"], metrics: ["cost"], limit: 8 }),
  ...(["owner", "key", "model", "provider"] as const).map((by) =>
    panel(`Overview: top by ${by}, 30 d`, { ...MONTH, groupBy: [by], bucket: "none", limit: 8 }),
  ),
  panel("Explore: owner × model with Δ, 30 d", {
    ...MONTH,
    groupBy: ["owner", "model"],
    bucket: "none",
    compare: "previous",
    limit: 100,
  }),
  panel("Explore: owner × model, 90 d", { ...ALL, groupBy: ["owner", "model"], bucket: "none", limit: 100 }),
  panel("Explore: hour × weekday, 30 d", { ...MONTH, groupBy: ["weekday", "hour"], bucket: "none", limit: 168 }),
  panel("Explore: by a tag, 7 d", { from: "-7d", groupBy: ["tag:team"] }),
  panel("Explore: days in a zone of half hours, 30 d", {
    from: "-30d",
    tz: "Asia/Kolkata",
    bucket: "1d",
    groupBy: ["model"],
  }),
  panel("Latency: percentiles by model, 24 h", latency({ groupBy: ["model"] })),
  panel("Latency: percentiles by model, 30 d", latency({ ...MONTH, groupBy: ["model"] })),
  panel("Errors: by type and status, 30 d", {
    ...MONTH,
    groupBy: ["error_type", "status"],
    metrics: ["errors", "requests"],
    filters: FAILED,
  }),
  { name: "Requests: newest page", ask: (reader) => reader.listRequests({ ...scope, filters: [], limit: 100 }) },
  { name: "Requests: newest failed", ask: (reader) => reader.listRequests({ ...scope, filters: FAILED, limit: 100 }) },
  {
    name: "Requests: newest of a rare kind",
    ask: (reader) =>
      reader.listRequests({
        ...scope,
        filters: [{ dimension: "status", op: "is", values: ["400"] }, ...FAILED],
        limit: 100,
      }),
  },
  {
    name: "Filter menu: models, 30 d",
    ask: (reader) => reader.dimensionValues({ ...scope, from: "-30d", filters: [], dimension: "model", limit: 50 }),
  },
  { name: "Keys: 24 h, 30 d, last used", ask: (reader) => reader.keyActivity() },
  {
    name: "Prices: models without one, 30 d",
    ask: (reader) => reader.unpricedModels({ ...scope, from: "-30d", filters: [] }),
  },
];

function latency(asked: Partial<Query>): Partial<Query> {
  return {
    ...asked,
    metrics: ["duration_p50", "duration_p90", "duration_p95", "duration_p99", "ttft_p50", "ttft_p95", "ttft_p99"],
    order: "-requests",
  };
}

/** The one that reads most: every call of a quarter, by a tag, with percentiles. */
export const HEAVIEST: Panel = panel("by a tag with percentiles, 90 d", {
  ...ALL,
  groupBy: ["tag:team", "model"],
  bucket: "1d",
  metrics: ["cost", "requests", "duration_p95", "ttft_p95"],
  compare: "previous",
});
