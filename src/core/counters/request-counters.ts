import type { Mutable } from "../mutable.ts";
import type { RequestRecord } from "../request/request-record.ts";
import {
  type BucketCounts,
  type RequestDeltas,
  type StatusCounts,
  type TokenCounts,
  durationBounds,
  rateBounds,
} from "./proxy-deltas.ts";

/** Clients choose the names, so combinations beyond this many between two deltas are counted together as "other". */
const MAX_GROUPS = 1000;

/** Counts requests and their tokens by provider, model and owner. It is called for every request. */
export class RequestCounters {
  #groups = new Map<string, Map<string | null, Map<string | null, RequestGroup>>>();
  #count = 0;
  /** Most requests belong to the same group as the one before. */
  #last: RequestGroup | undefined;

  add(record: RequestRecord): void {
    const { provider, model } = record;
    const owner = record.owner ?? null;
    const last = this.#last;
    const isLikeLast = last !== undefined && last.model === model && last.owner === owner && last.provider === provider;
    const group = isLikeLast ? last : this.#group(provider, model, owner);
    this.#last = group;
    group.add(record);
  }

  take(): readonly RequestDeltas[] {
    const taken: RequestDeltas[] = [];
    for (const models of this.#groups.values()) {
      for (const owners of models.values()) for (const group of owners.values()) taken.push(group.delta());
    }
    this.#groups = new Map();
    this.#count = 0;
    this.#last = undefined;
    return taken;
  }

  #group(provider: string, model: string | null, owner: string | null): RequestGroup {
    const known = this.#groups.get(provider)?.get(model)?.get(owner);
    if (known !== undefined) return known;
    if (this.#count < MAX_GROUPS) return this.#add(provider, model, owner);
    return this.#groups.get(provider)?.get("other")?.get("other") ?? this.#add(provider, "other", "other");
  }

  #add(provider: string, model: string | null, owner: string | null): RequestGroup {
    const group = new RequestGroup(provider, model, owner);
    const models = this.#groups.get(provider) ?? new Map<string | null, Map<string | null, RequestGroup>>();
    const owners = models.get(model) ?? new Map<string | null, RequestGroup>();
    this.#groups.set(provider, models.set(model, owners.set(owner, group)));
    this.#count++;
    return group;
  }
}

class RequestGroup {
  readonly provider: string;
  readonly model: string | null;
  readonly owner: string | null;
  readonly #unary: Mutable<StatusCounts> = [0, 0, 0, 0, 0, 0];
  readonly #streamed: Mutable<StatusCounts> = [0, 0, 0, 0, 0, 0];
  readonly #tokens: Mutable<TokenCounts> = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, reasoning: 0 };
  readonly #duration = new Buckets(durationBounds);
  readonly #timeToFirstToken = new Buckets(durationBounds);
  readonly #outputRate = new Buckets(rateBounds);

  constructor(provider: string, model: string | null, owner: string | null) {
    this.provider = provider;
    this.model = model;
    this.owner = owner;
  }

  add(record: RequestRecord): void {
    const counts = record.stream === true ? this.#streamed : this.#unary;
    counts[statusClass(record.status)]++;
    if (record.duration_ms !== undefined) this.#duration.add(record.duration_ms / 1000);
    if (record.ttft_ms !== undefined) this.#timeToFirstToken.add(record.ttft_ms / 1000);
    // A response that is fetched again was counted when it was new.
    if (record.usage_state !== "replay") this.#addUsage(record);
  }

  delta(): RequestDeltas {
    return {
      provider: this.provider,
      model: this.model,
      owner: this.owner,
      unary: this.#unary,
      streamed: this.#streamed,
      tokens: this.#tokens,
      duration: this.#duration.counts,
      timeToFirstToken: this.#timeToFirstToken.counts,
      outputRate: this.#outputRate.counts,
    };
  }

  /** Adds the record's totals, as every other sum does. The work of further models (`extra_items`) is in none of them. */
  #addUsage(record: RequestRecord): void {
    const output = record.total_output_tokens ?? record.output_tokens ?? 0;
    this.#tokens.input += record.total_input_tokens ?? record.input_tokens ?? 0;
    this.#tokens.output += output;
    this.#tokens.cacheRead += record.cached_input_tokens ?? 0;
    this.#tokens.cacheWrite += record.cache_write_tokens ?? 0;
    this.#tokens.reasoning += record.reasoning_tokens ?? 0;
    const seconds = ((record.duration_ms ?? 0) - (record.ttft_ms ?? 0)) / 1000;
    if (output > 0 && seconds > 0) this.#outputRate.add(output / seconds);
  }
}

class Buckets {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  add(value: number): void {
    let index = 0;
    while (index < this.#bounds.length && value > (this.#bounds[index] ?? 0)) index++;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sum += value;
  }

  get counts(): BucketCounts {
    return { counts: this.#counts, sum: this.#sum };
  }
}

function statusClass(status: number | null): 0 | 1 | 2 | 3 | 4 | 5 {
  if (status === null) return 0;
  if (status < 200) return 1;
  if (status < 300) return 2;
  if (status < 400) return 3;
  return status < 500 ? 4 : 5;
}
