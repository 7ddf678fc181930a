import { formatFilter, formatList, parseDimension, parseFilter, parseList, suggestion } from "../filter/filter-text.ts";
import { metricNames } from "../schema/metrics.ts";
import { querySchema, type Metric, type Query } from "../schema/query.ts";
import { bucketNames } from "../time/time-buckets.ts";
import { QueryError } from "../schema/query-error.ts";
import type { Scope } from "../schema/reader.ts";

// Queries as URL parameters. The command line has the same options under other names.

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  /** Everything that is wrong, each with its parameter. */
  | { readonly ok: false; readonly faults: readonly QueryError[] };

const SCOPE_NAMES = ["from", "to", "tz", "filter"] as const;
const QUERY_NAMES = [...SCOPE_NAMES, "bucket", "group_by", "metric", "compare", "limit", "order"] as const;

/** Other common names of metrics. */
const ALIASES: ReadonlyMap<string, Metric> = new Map<string, Metric>([
  ["tokens", "total_tokens"],
  ["duration", "duration_p95"],
  ["ttft", "ttft_p95"],
  ...(["p50", "p90", "p95", "p99"] as const).flatMap((rank): [string, Metric][] => [
    [rank, `duration_${rank}`],
    [`${rank}_duration`, `duration_${rank}`],
    [`${rank}_ttft`, `ttft_${rank}`],
  ]),
]);

/** `also`: parameters that the caller handles itself. */
export function parseQuery(parameters: URLSearchParams, also: readonly string[] = []): Parsed<Query> {
  const reading = new UsageReading(parameters, [...QUERY_NAMES, ...also]);
  const value = {
    ...scopeIn(reading),
    bucket: reading.one("bucket", (text) => oneOf(text, "bucket", [...bucketNames, "auto", "none"] as const)),
    groupBy: reading.list("group_by", (text) => parseDimension(text, "group_by")),
    metrics: reading.list("metric", (text) => parseMetric(text, "metric")),
    compare: reading.one("compare", (text) => oneOf(text, "compare", ["none", "previous"] as const)),
    limit: reading.one("limit", parseLimit),
    order: reading.one("order", parseOrder),
  };
  return reading.finish(value, (known) => querySchema.safeParse(known));
}

/** Parses the scope of a list of requests. */
export function parseScope(parameters: URLSearchParams, also: readonly string[] = []): Parsed<Scope> {
  const reading = new UsageReading(parameters, [...SCOPE_NAMES, ...also]);
  return reading.finish(scopeIn(reading), (known) =>
    querySchema.pick({ from: true, to: true, tz: true, filters: true }).safeParse(known),
  );
}

/** Leaves out defaults. `parseQuery` returns the same query for the result. */
export function formatQuery(asked: Query): URLSearchParams {
  const plain = querySchema.parse({});
  const parameters = new URLSearchParams();
  const add = (name: string, value: string, usual: string): void => {
    if (value !== usual) parameters.append(name, value);
  };
  add("from", asked.from, plain.from);
  add("to", asked.to, plain.to);
  add("tz", asked.tz, plain.tz);
  add("bucket", asked.bucket, plain.bucket);
  add("group_by", formatList(asked.groupBy), "");
  add("metric", asked.metrics.join(","), plain.metrics.join(","));
  for (const filter of asked.filters) parameters.append("filter", formatFilter(filter));
  add("compare", asked.compare, plain.compare);
  add("limit", String(asked.limit), String(plain.limit));
  add("order", asked.order ?? "", "");
  return parameters;
}

/** `where` is the parameter to name in the error. */
function parseMetric(text: string, where: string): Metric {
  const name = ALIASES.get(text) ?? metricNames.find((each) => each === text);
  if (name === undefined) {
    throw new QueryError(
      where,
      `${JSON.stringify(text)} is not a metric${suggestion(text, [...metricNames, ...ALIASES.keys()])}`,
    );
  }
  return name;
}

/** A duration back from now, as the command line spells it: `7d` becomes `-7d`. Other times stay as they are. */
export function sinceMoment(text: string): string {
  return /^\d+(m|h|d|w|mo)$/.test(text) ? `-${text}` : text;
}

function scopeIn(reading: UsageReading): Readonly<Record<string, unknown>> {
  return {
    from: reading.one("from", (text) => text),
    to: reading.one("to", (text) => text),
    tz: reading.one("tz", (text) => text),
    filters: reading.all("filter", parseFilter),
  };
}

function parseLimit(text: string): number {
  const limit = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > 1000)
    throw new QueryError("limit", `${JSON.stringify(text)} is not a number from 1 to 1000`);
  return limit;
}

function parseOrder(text: string): string {
  const sign = text.startsWith("-") ? "-" : "";
  const name = text.slice(sign.length);
  return name === "key" ? text : `${sign}${parseMetric(name, "order")}`;
}

function oneOf<T extends string>(text: string, where: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === text);
  if (found === undefined) throw new QueryError(where, `${JSON.stringify(text)} is not one of ${allowed.join(", ")}`);
  return found;
}

/** Reads parameters and collects the errors. */
class UsageReading {
  readonly #parameters: URLSearchParams;
  readonly #faults: QueryError[] = [];

  constructor(parameters: URLSearchParams, known: readonly string[]) {
    this.#parameters = parameters;
    for (const name of new Set(parameters.keys())) {
      if (!known.includes(name)) {
        this.#faults.push(new QueryError(name, `unknown parameter ${JSON.stringify(name)}${suggestion(name, known)}`));
      }
    }
  }

  one<T>(name: string, parse: (text: string) => T): T | undefined {
    const values = this.#parameters.getAll(name);
    if (values.length > 1) this.#faults.push(new QueryError(name, "is given more than once"));
    return values[0] === undefined ? undefined : this.#try(values[0], parse);
  }

  all<T>(name: string, parse: (text: string) => T): readonly T[] {
    return this.#parameters.getAll(name).flatMap((text) => this.#try(text, parse) ?? []);
  }

  /** Comma-separated, or as repeated parameters. */
  list<T>(name: string, parse: (text: string) => T): readonly T[] | undefined {
    const texts = this.#parameters.getAll(name).flatMap(parseList);
    return texts.length === 0 ? undefined : texts.flatMap((text) => this.#try(text, parse) ?? []);
  }

  finish<T>(value: object, check: (known: object) => Checked<T>): Parsed<T> {
    if (this.#faults.length > 0) return { ok: false, faults: this.#faults };
    const checked = check(Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)));
    if (checked.success) return { ok: true, value: checked.data };
    const faults = checked.error.issues.map(({ path, message }) => new QueryError(parameterOf(path[0]), message));
    return { ok: false, faults };
  }

  #try<T>(text: string, parse: (text: string) => T): T | undefined {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
      this.#faults.push(error);
      return undefined;
    }
  }
}

type Checked<T> =
  | { readonly success: true; readonly data: T }
  | {
      readonly success: false;
      readonly error: {
        readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
      };
    };

function parameterOf(member: PropertyKey | undefined): string {
  const names: Readonly<Record<string, string>> = { groupBy: "group_by", metrics: "metric", filters: "filter" };
  return names[String(member)] ?? String(member ?? "query");
}
