// What the figures of a question must be, worked out from the lines of the ledger one by one, by code that shares nothing
// with the store's.
import type { RequestRecord } from "../../src/core/request/request-record.ts";
import type { Filter } from "../../src/store/schema/query.ts";

export interface Local {
  readonly date: string;
  readonly hour: number;
  readonly minute: number;
  /** Monday 1. */
  readonly weekday: number;
  readonly offset: string;
}

const formats = new Map<string, Intl.DateTimeFormat>();

export function localTime(instant: number, timeZone: string): Local {
  const format =
    formats.get(timeZone) ??
    new Intl.DateTimeFormat("sv-SE", {
      timeZone,
      dateStyle: undefined,
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      weekday: "short",
      timeZoneName: "longOffset",
      hourCycle: "h23",
    });
  formats.set(timeZone, format);
  const parts = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, value]));
  const date = `${parts["year"]}-${parts["month"]}-${parts["day"]}`;
  return {
    date,
    hour: Number(parts["hour"]),
    minute: Number(parts["minute"]),
    weekday: new Date(`${date}T12:00:00Z`).getUTCDay() || 7,
    offset: (parts["timeZoneName"] ?? "").replace(/^(GMT|UTC)/, "").replace("−", "-") || "+00:00",
  };
}

/** Two requests with the same text are in the same bucket. */
export function bucketName(size: string, { date, hour, minute, weekday, offset }: Local): string {
  switch (size) {
    case "1mo":
      return date.slice(0, 7);
    case "1w":
      return new Date(Date.parse(`${date}T00:00:00Z`) - (weekday - 1) * 86_400_000).toISOString().slice(0, 10);
    case "1d":
      return date;
    case "1h":
      return `${date} ${hour} ${offset}`;
    default:
      return `${date} ${hour}:${Math.floor(minute / Number.parseInt(size, 10))} ${offset}`;
  }
}

/** The local time at which a bucket of a result begins. */
export function localOf(start: string): Local {
  const [, date = "", hour, minute, zone = ""] = /^(.{10})T(\d\d):(\d\d)[\d:.]*(Z|[+-].*)$/.exec(start) ?? [];
  const weekday = new Date(`${date}T12:00:00Z`).getUTCDay() || 7;
  return { date, hour: Number(hour), minute: Number(minute), weekday, offset: zone === "Z" ? "+00:00" : zone };
}

export function keyOf(record: RequestRecord, dimension: string, timeZone: string): string | null {
  if (dimension.startsWith("tag:")) return record.tags?.[dimension.slice(4)] ?? null;
  const local = (): Local => localTime(Date.parse(record.timestamp), timeZone);
  switch (dimension) {
    case "key":
      return record.lmgate_id;
    case "day":
      return local().date;
    case "hour":
      return String(local().hour);
    case "weekday":
      return String(local().weekday);
    case "status":
      return record.status === null ? null : String(record.status);
    case "client_app":
      return record.user_agent === undefined ? null : (APPS[record.user_agent] ?? "other");
    default: {
      // as: the other dimensions are fields of the record, and texts.
      const value = (record as unknown as Record<string, string | null | undefined>)[dimension];
      return value ?? null;
    }
  }
}

const APPS: Readonly<Record<string, string>> = {
  "OpenAI/Python 2.1": "openai-python",
  "claude-cli/2.0 (external)": "claude-cli",
  "curl/8": "curl",
};

export function matches(record: RequestRecord, filters: readonly Filter[], timeZone: string): boolean {
  return filters.every(({ dimension, op, values }) => {
    const key = keyOf(record, dimension, timeZone);
    if (op === "gte" || op === "lte") {
      if (key === null) return false;
      const order = dimension === "day" ? key.localeCompare(values[0] ?? "") : Number(key) - Number(values[0]);
      return op === "gte" ? order >= 0 : order <= 0;
    }
    return values.includes(key) === (op === "is");
  });
}

const isReplay = (record: RequestRecord): boolean => record.usage_state === "replay";
const isIdle = (record: RequestRecord): boolean => isReplay(record) || record.usage_state === "not_applicable";
const input = (record: RequestRecord): number | null => record.total_input_tokens ?? record.input_tokens;
const output = (record: RequestRecord): number | null => record.total_output_tokens ?? record.output_tokens;
const isKnown = (record: RequestRecord): boolean =>
  !isIdle(record) && (input(record) !== null || output(record) !== null);

function totalTokens(record: RequestRecord): number | null {
  if (record.total_tokens !== undefined) return record.total_tokens;
  return input(record) === null && output(record) === null ? null : (input(record) ?? 0) + (output(record) ?? 0);
}

type Amount = (record: RequestRecord) => number | null | undefined;

function sum(records: readonly RequestRecord[], amount: Amount): number | null {
  const known = records.filter((record) => !isReplay(record)).flatMap((record) => amount(record) ?? []);
  if (known.length === 0) return records.every(isIdle) ? 0 : null;
  return known.reduce((total, value) => total + value, 0);
}

/** As `sum`, but `null` for no values. */
function part(records: readonly RequestRecord[], amount: Amount): number | null {
  const known = records.filter((record) => !isReplay(record)).flatMap((record) => amount(record) ?? []);
  return known.length === 0 ? null : known.reduce((total, value) => total + value, 0);
}

function ratio(above: number | null, below: number | null): number | null {
  return above === null || below === null || below === 0 ? null : above / below;
}

function nearestRank(values: readonly number[], percent: number): number | null {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.ceil((percent / 100) * sorted.length) - 1] ?? null;
}

const isRated = (record: RequestRecord): boolean =>
  !isReplay(record) && record.error_type === null && (output(record) ?? 0) > 0 && (record.duration_ms ?? 0) > 0;

/** The metric of some requests. Percentiles are exact here; a result may be off by 1/64. */
export function metricOf(metric: string, records: readonly RequestRecord[]): number | null {
  const count = records.length;
  const percentile = /^(duration|ttft)_p(\d\d)$/.exec(metric);
  if (percentile !== null) {
    const timed = records.filter(({ operation }) => operation !== "session");
    const times = timed.flatMap((record) => (percentile[1] === "ttft" ? record.ttft_ms : record.duration_ms) ?? []);
    return nearestRank(times, Number(percentile[2]));
  }
  const rated = records.filter(isRated);
  const seconds = rated.reduce(
    (total, { duration_ms = 0, ttft_ms = 0 }) => total + Math.max(duration_ms - ttft_ms, 0.001) / 1000,
    0,
  );
  switch (metric) {
    case "requests":
      return count;
    case "errors":
      return records.filter(({ error_type }) => error_type !== null).length;
    case "error_rate":
      return ratio(records.filter(({ error_type }) => error_type !== null).length, count);
    case "cost":
      return sum(records, ({ cost_usd }) => cost_usd);
    case "total_tokens":
      return sum(records, totalTokens);
    case "input_tokens":
      return sum(records, input);
    case "output_tokens":
      return sum(records, output);
    case "cache_hit_rate":
      return ratio(
        part(records, ({ cached_input_tokens }) => cached_input_tokens),
        part(records, input),
      );
    case "output_tokens_per_second":
      return ratio(rated.length === 0 ? null : (part(rated, output) ?? 0), seconds);
    case "coverage":
      return ratio(records.filter(isKnown).length, records.filter((record) => !isIdle(record)).length);
    default:
      // as: the other metrics are sums of the field of the same name.
      return sum(records, (record) => (record as unknown as Record<string, number | undefined>)[metric]);
  }
}
