import type { Answer, Dimension, Filter, Metric, Series, Values } from "../../src/admin/contract.ts";
import { facts, type Fact } from "./traffic.ts";

const MINUTE = 60_000;
const steps = { "1m": 1, "5m": 5, "15m": 15, "1h": 60, "1d": 1440, "1w": 10_080, "1mo": 43_200 } as const;
type Step = keyof typeof steps;

export function resolve(text: string, now: number): number {
  const match = /^-(\d+)([mhdw])$/.exec(text);
  const units: Readonly<Record<string, number>> = { m: MINUTE, h: 60 * MINUTE, d: 1440 * MINUTE, w: 10_080 * MINUTE };
  if (match) return now - Number(match[1]) * (units[match[2] ?? "h"] ?? 0);
  if (text === "now") return now;
  if (text === "today") return Math.floor(now / 86_400_000) * 86_400_000;
  if (text === "month") return Date.UTC(new Date(now).getUTCFullYear(), new Date(now).getUTCMonth());
  return Date.parse(text);
}

export function parseFilters(query: URLSearchParams): Filter[] {
  return query.getAll("filter").flatMap((text) => {
    const match = /^([\w:.-]+?)(!=|>=|<=|=)(.*)$/.exec(text);
    const ops: Readonly<Record<string, Filter["op"]>> = { "=": "is", "!=": "is_not", ">=": "gte", "<=": "lte" };
    const op = ops[match?.[2] ?? ""];
    if (!match || op === undefined) return [];
    const values = (match[3] ?? "").split(",").map((value) => (value === "null" ? null : value));
    return [{ dimension: match[1] as Dimension, op, values }]; // a mock believes what it is asked
  });
}

export function matches(fact: Fact, filters: readonly Filter[]): boolean {
  return filters.every(({ dimension, op, values }) => {
    const value = fact.keys[dimension] ?? null;
    if (op === "is") return values.includes(value);
    if (op === "is_not") return !values.includes(value);
    return op === "gte" ? Number(value) >= Number(values[0]) : Number(value) <= Number(values[0]);
  });
}

export function answer(query: URLSearchParams, now: number): Answer {
  const from = resolve(query.get("from") ?? "-24h", now);
  const to = resolve(query.get("to") ?? "now", now);
  const asked = query.get("bucket") ?? "auto";
  const bucket = asked === "auto" ? autoStep(to - from) : (asked as Step | "none"); // as above
  const metrics = (query.get("metric") ?? "cost").split(",") as Metric[]; // as above
  const groupBy = (query.get("group_by") ?? "").split(",").filter(Boolean) as Dimension[]; // as above
  const filters = parseFilters(query);
  const limit = Number(query.get("limit") ?? 20);
  const isCompared = query.get("compare") === "previous";
  const width = bucket === "none" ? to - from : steps[bucket] * MINUTE;
  const starts =
    bucket === "none"
      ? []
      : Array.from(
          { length: Math.ceil((to - align(from, width)) / width) },
          (_, at) => align(from, width) + at * width,
        );
  const step = to - from <= 26 * 60 * MINUTE ? 5 * MINUTE : 60 * MINUTE;
  const own = facts(from, to, step).filter((fact) => matches(fact, filters));
  const before = isCompared ? facts(2 * from - to, from, step).filter((fact) => matches(fact, filters)) : [];
  const frame: Frame = { metrics, starts, width, isCompared, shift: to - from };
  const keyOf = (fact: Fact): string => JSON.stringify(groupBy.map((one) => fact.keys[one] ?? null));
  const groups = Map.groupBy(own, keyOf);
  const groupsBefore = Map.groupBy(before, keyOf);
  const order = query.get("order") ?? `-${metrics[0] ?? "cost"}`;
  const by = order.replace(/^-/, "") as Metric; // as above
  const direction = order.startsWith("-") ? -1 : 1;
  const all = [...groups].map(([key, list]) => ({ key, list, value: figures(list, [by])[by] ?? -1 }));
  const sorted = all.toSorted((a, b) => direction * (a.value - b.value));
  const shown = sorted.slice(0, limit).map(({ key, list }): Series => {
    const parts = JSON.parse(key) as (string | null)[]; // made above
    return { key: parts, label: parts.join(" · "), other: false, ...course(list, groupsBefore.get(key) ?? [], frame) };
  });
  const rest = sorted.slice(limit).flatMap(({ list }) => list);
  if (rest.length > 0) shown.push({ key: [], label: "other", other: true, ...course(rest, [], frame) });
  const iso = (moment: number): string => new Date(moment).toISOString();
  return {
    query: {
      from: iso(from),
      to: iso(to),
      tz: query.get("tz") ?? "UTC",
      bucket,
      groupBy,
      metrics,
      filters,
      compare: isCompared ? "previous" : "none",
      limit,
      order,
    },
    buckets: starts.map(iso),
    series: groupBy.length === 0 ? [] : shown,
    totals: { key: [], label: "total", other: false, ...course(own, before, frame) },
    coverage: coverageOf(own),
    partialFrom: to >= now - MINUTE && starts.length > 0 ? iso(starts.at(-1) ?? to) : null,
    through: iso(now - 2000),
    generatedAt: iso(now),
  };
}

const align = (moment: number, width: number): number => Math.floor(moment / width) * width;

function autoStep(length: number): Step {
  const found = (["1m", "5m", "15m", "1h", "1d", "1w"] as const).find((step) => length / (steps[step] * MINUTE) <= 100);
  return found ?? "1mo";
}

interface Frame {
  readonly metrics: readonly Metric[];
  readonly starts: readonly number[];
  readonly width: number;
  readonly isCompared: boolean;
  readonly shift: number;
}

function course(
  own: readonly Fact[],
  before: readonly Fact[],
  frame: Frame,
): Pick<Series, "total" | "previous" | "points" | "previousPoints"> {
  return {
    total: figures(own, frame.metrics),
    previous: frame.isCompared ? figures(before, frame.metrics) : null,
    points: points(own, frame, 0),
    previousPoints: frame.isCompared ? points(before, frame, frame.shift) : null,
  };
}

function points(list: readonly Fact[], { metrics, starts, width }: Frame, shift: number): Series["points"] {
  const buckets = Map.groupBy(list, ({ at }) => Math.max(0, Math.floor((at + shift - (starts[0] ?? 0)) / width)));
  return Object.fromEntries(
    metrics.map((metric) => [metric, starts.map((_, at) => figures(buckets.get(at) ?? [], [metric])[metric] ?? null)]),
  );
}

function figures(list: readonly Fact[], metrics: readonly Metric[]): Values {
  const sum = (of: (fact: Fact) => number): number => list.reduce((total, fact) => total + of(fact), 0);
  const mean = (of: (fact: Fact) => number): number | null => (list.length === 0 ? null : sum(of) / list.length);
  const ratio = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
  const known = list.filter(({ cost }) => cost !== null);
  const one = (metric: Metric): number | null => {
    if (metric === "cost") return list.length > 0 && known.length === 0 ? null : sum(({ cost }) => cost ?? 0);
    if (metric === "requests") return sum(({ requests }) => requests);
    if (metric === "errors") return sum(({ errors }) => errors);
    if (metric === "error_rate")
      return ratio(
        sum(({ errors }) => errors),
        sum(({ requests }) => requests),
      );
    if (metric === "total_tokens") return sum(({ input, output }) => input + output);
    if (metric === "input_tokens") return sum(({ input }) => input);
    if (metric === "output_tokens") return sum(({ output }) => output);
    if (metric === "cached_input_tokens") return sum(({ cached }) => cached);
    if (metric === "cache_hit_rate")
      return ratio(
        sum(({ cached }) => cached),
        sum(({ input }) => input),
      );
    if (metric === "output_tokens_per_second")
      return mean(({ output, requests, duration }) => (output / requests / duration) * 1000);
    if (metric === "coverage") return 0.987;
    const factors: Readonly<Record<string, number>> = { p50: 0.8, p90: 1.7, p95: 2.1, p99: 3.4 };
    const factor = factors[metric.slice(-3)];
    if (factor === undefined) return sum(({ cached }) => cached * 0.1);
    const value = mean(metric.startsWith("ttft") ? ({ ttft }) => ttft : ({ duration }) => duration);
    return value === null ? null : value * factor;
  };
  return Object.fromEntries(metrics.map((metric) => [metric, one(metric)]));
}

function coverageOf(list: readonly Fact[]): Answer["coverage"] {
  const requests = list.reduce((total, fact) => total + fact.requests, 0);
  const unpriced = list.filter(({ cost }) => cost === null);
  const without = Math.round(requests * 0.013);
  return {
    requests,
    withUsage: requests - without,
    estimated: Math.round(requests * 0.004),
    withoutUsage: without,
    notApplicable: 0,
    unpricedRequests: unpriced.reduce((total, fact) => total + fact.requests, 0),
    unpricedTokens: unpriced.reduce((total, fact) => total + fact.input + fact.output, 0),
    unpricedModels: [...new Set(unpriced.map(({ keys }) => keys["model"] ?? ""))],
    reasons: [
      { reason: "the client did not ask for usage", requests: Math.round(without * 0.7) },
      { reason: "the client left before the end", requests: without - Math.round(without * 0.7) },
    ],
  };
}
