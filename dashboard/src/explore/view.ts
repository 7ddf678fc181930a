import type { Dimension, Metric } from "../../../src/admin/api/contract.ts";
import { setParams, type Params } from "../data/url-state.ts";
import { isDimension } from "../format/dimension.ts";
import { isMetric } from "../format/metric.ts";

// The state of Explore in the address.

export const views = [
  { value: "bar", label: "Bars" },
  { value: "area", label: "Stacked" },
  { value: "line", label: "Lines" },
  { value: "heat", label: "Heat map" },
] as const;

export type View = (typeof views)[number]["value"];
export type GroupKey = readonly (string | null)[];

export interface Exploration {
  readonly by: readonly Dimension[];
  readonly metric: Metric;
  readonly view: View;
  readonly sort: string;
  /** Groups to compare; if empty, the largest are drawn. */
  readonly picks: readonly GroupKey[];
}

export const MAX_PICKS = 8;

export function readExploration(params: Params): Exploration {
  const by = (params.get("by") ?? "model").split(",").filter(isDimension).slice(0, 2);
  const metric = params.get("metric");
  const chosen = isMetric(metric) ? metric : "cost";
  return {
    by: by.length === 0 ? ["model"] : by,
    metric: chosen,
    view: views.find(({ value }) => value === params.get("view"))?.value ?? "bar",
    sort: params.get("sort") ?? `-${chosen}`,
    picks: params
      .getAll("pick")
      .flatMap((text) => parsePick(text, by.length))
      .slice(0, MAX_PICKS),
  };
}

function parsePick(text: string, length: number): GroupKey[] {
  try {
    const key: unknown = JSON.parse(text);
    const isKey =
      Array.isArray(key) && key.length === length && key.every((one) => one === null || typeof one === "string");
    return isKey ? [key as GroupKey] : []; // checked on the line above
  } catch {
    return [];
  }
}

export const isSameKey = (a: GroupKey, b: GroupKey): boolean =>
  a.length === b.length && a.every((one, at) => one === b[at]);

export function setGrouping(by: readonly Dimension[]): void {
  setParams({ by: by.join(","), pick: null, sort: null });
}

export function withPick(params: Params, picks: readonly GroupKey[], key: GroupKey): Params {
  const isPicked = picks.some((pick) => isSameKey(pick, key));
  const next = isPicked ? picks.filter((pick) => !isSameKey(pick, key)) : [...picks, key].slice(-MAX_PICKS);
  const changed = new URLSearchParams(params);
  changed.delete("pick");
  for (const pick of next) changed.append("pick", JSON.stringify(pick));
  return changed;
}
