import { valueWithoutRequests } from "../schema/metrics.ts";
import type { Metric } from "../schema/query.ts";

/** A group by its position, the groups beyond the limit together, or all requests. */
export type Group = number | "other" | "all";

/** A bucket by its position, or the whole range. */
export type Bucket = number | "all";

/** The values of a group's dimensions, as the store has them. */
export type GroupValues = readonly unknown[];

/** The metrics of each group, for the whole range and for each bucket. */
export class QueryResult {
  readonly groups: readonly GroupValues[];
  readonly #values = new Map<string, number | null>();
  readonly #withRequests = new Set<string>();

  constructor(groups: readonly GroupValues[]) {
    this.groups = groups;
  }

  set(group: Group, bucket: Bucket, metric: Metric, value: number | null): void {
    this.#values.set(`${group} ${bucket} ${metric}`, value);
  }

  /** Notes that there are requests here. Elsewhere a sum is 0 and a rate is unknown. */
  addRequests(group: Group, bucket: Bucket): void {
    this.#withRequests.add(`${group} ${bucket}`);
  }

  hasRequests(group: Group): boolean {
    return this.#withRequests.has(`${group} all`);
  }

  get(group: Group, bucket: Bucket, metric: Metric): number | null {
    if (!this.#withRequests.has(`${group} ${bucket}`)) return valueWithoutRequests(metric);
    return this.#values.get(`${group} ${bucket} ${metric}`) ?? null;
  }
}
