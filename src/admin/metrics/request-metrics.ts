// Requests and their usage: sums of the data workers' deltas.
import { Counter, Gauge, type Registry } from "prom-client";
import type { CostDeltas } from "../../core/counters/cost-deltas.ts";
import type { RequestDeltas, ProxyDeltas, RecordDeltas, StatusCounts } from "../../core/counters/proxy-deltas.ts";
import { durationBounds, rateBounds } from "../../core/counters/proxy-deltas.ts";
import type { ForbiddenReason } from "../../core/request/rejection.ts";
import { BoundedLabel } from "./bounded-label.ts";
import { BucketedHistogram } from "./bucketed-histogram.ts";

/** The dialects have a handful of reasons. More would mean that texts of a provider became reasons. */
const maxReasons = 32;
const maxModels = 200;
const maxOwners = 200;

export class RequestMetrics {
  readonly #providers: BoundedLabel;
  readonly #reasons = new BoundedLabel([], maxReasons);
  readonly #models = new BoundedLabel(["unknown"], maxModels);
  readonly #owners = new BoundedLabel(["unknown"], maxOwners);
  readonly #counters: RequestCounters;
  readonly #duration: BucketedHistogram;
  readonly #timeToFirstToken: BucketedHistogram;
  readonly #outputRate: BucketedHistogram;
  readonly #rateLimitRemaining: Gauge<"provider" | "kind">;
  /** Running requests by worker and provider. Each worker reports its current number, not a change. */
  readonly #active = new Map<string, ReadonlyMap<string, number>>();

  constructor(registry: Registry, providers: readonly string[]) {
    this.#providers = new BoundedLabel(providers);
    this.#counters = requestCounters(registry);
    this.#duration = histogram(registry, {
      name: "lmgate_request_duration_seconds",
      help: "Time from the request head to the end of the response.",
      bounds: durationBounds,
    });
    this.#timeToFirstToken = histogram(registry, {
      name: "lmgate_time_to_first_token_seconds",
      help: "Time from the request head to the first content of a streamed response.",
      bounds: durationBounds,
    });
    this.#outputRate = histogram(registry, {
      name: "lmgate_output_tokens_per_second",
      help: "Output tokens of a request per second, not counting the time to the first token.",
      bounds: rateBounds,
    });
    this.#rateLimitRemaining = new Gauge({
      name: "lmgate_upstream_ratelimit_remaining",
      help: "Remaining rate limit, as last reported by the provider for the key that was used.",
      labelNames: ["provider", "kind"],
      registers: [registry],
    });
    registerActive(registry, providers, this.#active);
    startAtZero(this.#counters, providers);
  }

  add(worker: string, delta: ProxyDeltas): void {
    for (const [reason, count] of Object.entries(delta.forbidden)) this.#counters.denied.inc({ reason }, count);
    for (const [kind, count] of Object.entries(delta.rejected)) this.#counters.refused.inc({ kind }, count);
    const active = new Map<string, number>();
    for (const [name, counts] of Object.entries(delta.providers)) {
      const provider = this.#providers.of(name);
      for (const [kind, left] of Object.entries(counts.rateLimitRemaining)) {
        this.#rateLimitRemaining.set({ provider, kind }, left);
      }
      active.set(provider, (active.get(provider) ?? 0) + counts.active);
    }
    this.#active.set(worker, active);
    this.addRecorded(delta.recorded);
  }

  /** From every worker that makes records. */
  addRecorded({ records, requests, providers }: RecordDeltas): void {
    const { recordsSent, upstreamErrors, usageMissing } = this.#counters;
    recordsSent.inc(records);
    for (const [name, counts] of Object.entries(providers)) {
      const provider = this.#providers.of(name);
      for (const [kind, count] of Object.entries(counts.upstreamErrors)) upstreamErrors.inc({ provider, kind }, count);
      for (const [reason, count] of Object.entries(counts.usageMissing)) {
        usageMissing.inc({ provider, reason: this.#reasons.of(reason) }, count);
      }
    }
    for (const deltas of requests) this.#addRequestDeltas(deltas);
  }

  /** From the ledger worker: costs, and tokens of stored responses whose usage was read after their request. */
  addCosts(deltas: CostDeltas): void {
    const { cost, unpricedTokens, tokens } = this.#counters;
    this.#counters.droppedResponses.inc(deltas.forgotten);
    for (const account of deltas.costs) {
      const labels = this.#labelsOf(account, account.priced);
      cost.inc(labels, account.costUsd);
      unpricedTokens.inc({ model: labels.model }, account.unpricedTokens);
      for (const kind of tokenKinds) tokens[kind].inc(labels, account.settled[kind]);
    }
  }

  /** The requests of a worker end with it. */
  forget(worker: string): void {
    this.#active.delete(worker);
  }

  #addRequestDeltas(deltas: RequestDeltas): void {
    const succeeded = (deltas.unary[SUCCEEDED] ?? 0) + (deltas.streamed[SUCCEEDED] ?? 0) > 0;
    const labels = this.#labelsOf(deltas, succeeded);
    this.#addRequests(labels, "false", deltas.unary);
    this.#addRequests(labels, "true", deltas.streamed);
    for (const kind of tokenKinds) this.#counters.tokens[kind].inc(labels, deltas.tokens[kind]);
    const { provider, model } = labels;
    this.#duration.add({ provider, model }, deltas.duration);
    this.#timeToFirstToken.add({ provider, model }, deltas.timeToFirstToken);
    this.#outputRate.add({ provider, model }, deltas.outputRate);
  }

  #addRequests(labels: RequestLabels, stream: "true" | "false", counts: StatusCounts): void {
    for (const [index, code_class] of codeClasses.entries()) {
      const count = counts[index];
      if (count !== undefined && count > 0) this.#counters.requests.inc({ ...labels, code_class, stream }, count);
    }
  }

  /** A model gets its own series once a request for it succeeded or a price was found. */
  #labelsOf(deltas: Pick<RequestDeltas, "provider" | "model" | "owner">, isRealModel: boolean): RequestLabels {
    return {
      provider: this.#providers.of(deltas.provider),
      model: this.#models.of(deltas.model ?? "unknown", isRealModel),
      owner: this.#owners.of(deltas.owner ?? "unknown"),
    };
  }
}

type RequestLabels = { readonly provider: string; readonly model: string; readonly owner: string };

const SUCCEEDED = 2;

const codeClasses = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"] as const;

const tokenKinds = ["input", "output", "cacheRead", "cacheWrite", "reasoning"] as const;

const deniedReasons: Readonly<Record<ForbiddenReason, true>> = {
  no_key: true,
  unknown_key: true,
  expired: true,
  mixed_keys: true,
};

type RequestCounters = ReturnType<typeof requestCounters>;

function requestCounters(registry: Registry) {
  const counter = <T extends string>(name: string, help: string, labelNames: readonly T[]): Counter<T> =>
    new Counter({ name, help, labelNames, registers: [registry] });
  const perRequest = ["provider", "model", "owner"] as const;
  const tokens = (name: string, help: string): Counter<keyof RequestLabels> => counter(name, help, perRequest);
  return {
    requests: counter("lmgate_requests_total", "Requests forwarded to a provider, by status class.", [
      ...perRequest,
      "code_class",
      "stream",
    ]),
    denied: counter("lmgate_denied_total", "Requests rejected because of their key.", ["reason"]),
    refused: counter("lmgate_refused_total", "Requests that LMGate rejected for any other reason.", ["kind"]),
    recordsSent: counter("lmgate_stats_records_sent_total", "Records sent to the ledger worker.", []),
    // Separate names, not a label: cached and reasoning tokens are parts of input and output, and a sum over a label
    // would count them twice.
    tokens: {
      input: tokens("lmgate_input_tokens_total", "Input tokens, including cached ones."),
      output: tokens("lmgate_output_tokens_total", "Output tokens, including reasoning."),
      cacheRead: tokens("lmgate_cache_read_input_tokens_total", "Input tokens read from a provider's cache."),
      cacheWrite: tokens("lmgate_cache_write_input_tokens_total", "Input tokens written to a provider's cache."),
      reasoning: tokens("lmgate_reasoning_output_tokens_total", "Output tokens spent on reasoning."),
    },
    cost: tokens("lmgate_cost_usd_total", "Cost of requests in US dollars, estimated from list prices."),
    unpricedTokens: counter("lmgate_unpriced_tokens_total", "Tokens of requests without a price.", ["model"]),
    droppedResponses: counter(
      "lmgate_pending_answers_forgotten_total",
      "Stored responses dropped before their usage was known.",
      [],
    ),
    upstreamErrors: counter("lmgate_upstream_errors_total", "Requests that failed between LMGate and a provider.", [
      "provider",
      "kind",
    ]),
    usageMissing: counter("lmgate_usage_missing_total", "Requests whose usage could not be read, by reason.", [
      "provider",
      "reason",
    ]),
  };
}

function histogram(
  registry: Registry,
  description: { name: string; help: string; bounds: readonly number[] },
): BucketedHistogram {
  const made = new BucketedHistogram(description);
  made.register(registry);
  return made;
}

function registerActive(
  registry: Registry,
  providers: readonly string[],
  active: ReadonlyMap<string, ReadonlyMap<string, number>>,
): void {
  const gauge = new Gauge({
    name: "lmgate_active_requests",
    help: "Running requests.",
    labelNames: ["provider"],
    registers: [registry],
    collect: () => {
      gauge.reset();
      for (const provider of providers) gauge.set({ provider }, 0);
      for (const counts of active.values()) for (const [provider, count] of counts) gauge.inc({ provider }, count);
    },
  });
}

/** `rate()` does not count the first event of a series that appears with it, so the series start at zero. */
function startAtZero(counters: RequestCounters, providers: readonly string[]): void {
  for (const reason of Object.keys(deniedReasons)) counters.denied.inc({ reason }, 0);
  for (const provider of providers) {
    const labels = { provider, model: "unknown", owner: "unknown" };
    for (const kind of tokenKinds) counters.tokens[kind].inc(labels, 0);
    counters.cost.inc(labels, 0);
    for (const code_class of codeClasses) {
      for (const stream of ["true", "false"]) counters.requests.inc({ ...labels, code_class, stream }, 0);
    }
  }
}
