import type { Dimension, Filter } from "../../../src/admin/api/contract.ts";
import { formatCondition } from "../../../src/store/filter/filter-text.ts";
import { browserZone, isZone } from "../format/moment.ts";
import { isMomentText, type Range } from "../format/range.ts";
import { filterFromParam, toggleFilter } from "./filters.ts";
import { Store, useStore } from "./store.ts";

// The state in the address. All state that outlives a click is there, so a link shows what its sender saw, and the
// browser's Back button undoes a zoom or a filter.

const BASE = "/ui/";
const buckets = ["1m", "5m", "15m", "1h", "1d", "1w", "1mo"] as const;

export type BucketChoice = (typeof buckets)[number] | "auto";
export type Refresh = "off" | "5s" | "30s" | "live";
export type Params = URLSearchParams;

/** The state that every page shares: range, time zone, filters. */
export interface Scope extends Range {
  readonly tz: string;
  readonly bucket: BucketChoice;
  readonly filters: readonly Filter[];
  readonly compare: boolean;
  readonly refresh: Refresh;
}

export interface UrlState {
  /** Below `/ui/`: "", "explore", "keys/anna". */
  readonly page: string;
  readonly params: Params;
}

export const bucketChoices: readonly BucketChoice[] = ["auto", ...buckets];
export const refreshChoices: readonly Refresh[] = ["off", "5s", "30s", "live"];
const DEFAULT_RANGE: Range = { from: "-24h", to: "now" };

const urlState = new Store<UrlState>(readUrlState());

export const useUrlState = (): UrlState => useStore(urlState);

/** The current state, for event handlers that run between two renders. */
export const currentUrlState = (): UrlState => urlState.value;

/** Updates the store when the address changes; returns a function that stops it. */
export function followHistory(): () => void {
  const follow = (): void => urlState.set(readUrlState());
  addEventListener("popstate", follow);
  return () => removeEventListener("popstate", follow);
}

function readUrlState(): UrlState {
  const { pathname, search } = location;
  const page = pathname.startsWith(BASE) ? pathname.slice(BASE.length).replace(/\/+$/, "") : "";
  return { page, params: new URLSearchParams(search) };
}

export function hrefOf(page: string, params: Params): string {
  const search = params.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
  return `${BASE}${page}${search === "" ? "" : `?${search}`}`;
}

/** `replace` adds no step to the history, for sorting or each letter of a search. */
export function go(page: string, params: Params, options: { readonly replace?: boolean } = {}): void {
  const href = hrefOf(page, params);
  if (href === location.pathname + location.search) return;
  if (options.replace) history.replaceState(null, "", href);
  else history.pushState(null, "", href);
  const isNewPage = page !== urlState.value.page;
  urlState.set(readUrlState());
  if (isNewPage) scrollTo(0, 0);
}

export type Changes = Readonly<Record<string, string | null>>;

/** Returns a copy with some parameters set, or removed if `null`. */
export function withChanges(params: Params, changes: Changes): Params {
  const changed = new URLSearchParams(params);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) changed.delete(name);
    else changed.set(name, value);
  }
  return changed;
}

/** Changes parameters of the current page. */
export function setParams(changes: Changes, options: { readonly replace?: boolean } = {}): void {
  go(urlState.value.page, withChanges(urlState.value.params, changes), options);
}

const shared = new Set(["from", "to", "tz", "bucket", "compare", "refresh"]);

/** The parameters that links to other pages keep. */
export function scopeParams(params: Params): Params {
  return new URLSearchParams([...params].filter(([name]) => shared.has(name) || name.startsWith("f.")));
}

export function readScope(params: Params): Scope {
  const from = params.get("from") ?? DEFAULT_RANGE.from;
  const to = params.get("to") ?? DEFAULT_RANGE.to;
  const tz = params.get("tz");
  const isRange = isMomentText(from) && isMomentText(to);
  return {
    ...(isRange ? { from, to } : DEFAULT_RANGE),
    tz: tz !== null && isZone(tz) ? tz : browserZone(),
    bucket: bucketChoices.find((choice) => choice === params.get("bucket")) ?? "auto",
    filters: readFilters(params),
    compare: params.get("compare") === "previous",
    refresh: refreshChoices.find((choice) => choice === params.get("refresh")) ?? "30s",
  };
}

function readFilters(params: Params): Filter[] {
  return [...params]
    .filter(([name]) => name.startsWith("f."))
    .flatMap(([name, text]) => filterFromParam(name.slice(2), text) ?? []);
}

export function withFilters(params: Params, filters: readonly Filter[]): Params {
  const kept = new URLSearchParams([...params].filter(([name]) => !name.startsWith("f.")));
  for (const filter of filters) kept.append(`f.${filter.dimension}`, formatCondition(filter));
  return kept;
}

export function setFilters(filters: readonly Filter[]): void {
  go(urlState.value.page, withFilters(urlState.value.params, filters));
}

/** Adds filters, replacing those for the same dimensions. */
export function addFilters(filters: readonly Filter[]): void {
  const named = new Set(filters.map(({ dimension }) => dimension));
  const others = readFilters(urlState.value.params).filter(({ dimension, op }) => op !== "is" || !named.has(dimension));
  setFilters([...others, ...filters]);
}

export function toggleValue(dimension: Dimension, value: string | null): void {
  setFilters(toggleFilter(readFilters(urlState.value.params), dimension, value));
}

export function setRange(range: Range): void {
  const isDefault = range.from === DEFAULT_RANGE.from && range.to === DEFAULT_RANGE.to;
  setParams({ from: isDefault ? null : range.from, to: isDefault || range.to === "now" ? null : range.to });
}
