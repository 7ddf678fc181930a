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

/** Names come from outside; calls beyond this many combinations between two deltas are counted together. */
const MAX_CELLS = 1000;

/** Counts calls and what they used by provider, model and owner, on the path of a call. */
export class RequestCounters {
  #cells = new Map<string, Map<string | null, Map<string | null, Cell>>>();
  #count = 0;
  /** Most calls are like the one before. */
  #last: Cell | undefined;

  add(record: RequestRecord): void {
    const { provider, model } = record;
    const owner = record.owner ?? null;
    const last = this.#last;
    const isLikeLast = last !== undefined && last.model === model && last.owner === owner && last.provider === provider;
    const cell = isLikeLast ? last : this.#cell(provider, model, owner);
    this.#last = cell;
    cell.add(record);
  }

  take(): readonly RequestDeltas[] {
    const taken: RequestDeltas[] = [];
    for (const models of this.#cells.values()) {
      for (const owners of models.values()) for (const cell of owners.values()) taken.push(cell.delta());
    }
    this.#cells = new Map();
    this.#count = 0;
    this.#last = undefined;
    return taken;
  }

  #cell(provider: string, model: string | null, owner: string | null): Cell {
    const known = this.#cells.get(provider)?.get(model)?.get(owner);
    if (known !== undefined) return known;
    if (this.#count < MAX_CELLS) return this.#open(provider, model, owner);
    return this.#cells.get(provider)?.get("other")?.get("other") ?? this.#open(provider, "other", "other");
  }

  #open(provider: string, model: string | null, owner: string | null): Cell {
    const cell = new Cell(provider, model, owner);
    const models = this.#cells.get(provider) ?? new Map<string | null, Map<string | null, Cell>>();
    const owners = models.get(model) ?? new Map<string | null, Cell>();
    this.#cells.set(provider, models.set(model, owners.set(owner, cell)));
    this.#count++;
    return cell;
  }
}

class Cell {
  readonly provider: string;
  readonly model: string | null;
  readonly owner: string | null;
  readonly #plain: Mutable<StatusCounts> = [0, 0, 0, 0, 0, 0];
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
    const counts = record.stream === true ? this.#streamed : this.#plain;
    counts[statusClass(record.status)]++;
    if (record.duration_ms !== undefined) this.#duration.add(record.duration_ms / 1000);
    if (record.ttft_ms !== undefined) this.#timeToFirstToken.add(record.ttft_ms / 1000);
    // A response that is read again was already counted when it was new.
    if (record.usage_state !== "replay") this.#addUsage(record);
  }

  delta(): RequestDeltas {
    return {
      provider: this.provider,
      model: this.model,
      owner: this.owner,
      plain: this.#plain,
      streamed: this.#streamed,
      tokens: this.#tokens,
      duration: this.#duration.counts,
      timeToFirstToken: this.#timeToFirstToken.counts,
      outputRate: this.#outputRate.counts,
    };
  }

  /** The record's totals, as every other sum takes them; the work of further models (`extra_items`) is in none of them. */
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
