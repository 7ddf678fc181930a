// Calls and what they used: sums of the data threads' deltas.
import { Counter, Gauge, type Registry } from "prom-client";
import type { CostDeltas } from "../../core/counters/cost-deltas.ts";
import type { RequestDeltas, ProxyDeltas, ProviderDelta, StatusCounts } from "../../core/counters/proxy-deltas.ts";
import { durationBounds, rateBounds } from "../../core/counters/proxy-deltas.ts";
import type { ForbiddenReason } from "../../core/request/rejection.ts";
import { BoundedLabel } from "./bounded-label.ts";
import { BucketedHistogram } from "./bucketed-histogram.ts";

/** The dialects give a handful of reasons; more than this would be words of a provider slipping through. */
const maxReasons = 32;
const maxModels = 200;
const maxOwners = 200;

export class RequestMetrics {
  readonly #providers: BoundedLabel;
  readonly #reasons = new BoundedLabel([], maxReasons);
  readonly #models = new BoundedLabel(["unknown"], maxModels);
  readonly #owners = new BoundedLabel(["unknown"], maxOwners);
  readonly #counters: CallCounters;
  readonly #duration: BucketedHistogram;
  readonly #timeToFirstToken: BucketedHistogram;
  readonly #outputRate: BucketedHistogram;
  readonly #headroom: Gauge<"provider" | "kind">;
  /** Running calls by thread and provider: a thread says how many run, not how many more. */
  readonly #active = new Map<string, ReadonlyMap<string, number>>();

  constructor(registry: Registry, providers: readonly string[]) {
    this.#providers = new BoundedLabel(providers);
    this.#counters = callCounters(registry);
    this.#duration = histogram(registry, {
      name: "lmgate_request_duration_seconds",
      help: "Time from a call's head to the end of its answer.",
      bounds: durationBounds,
    });
    this.#timeToFirstToken = histogram(registry, {
      name: "lmgate_time_to_first_token_seconds",
      help: "Time from a call's head to the first content of a streamed answer.",
      bounds: durationBounds,
    });
    this.#outputRate = histogram(registry, {
      name: "lmgate_output_tokens_per_second",
      help: "Output tokens of a call by the time it took, without the wait for the first.",
      bounds: rateBounds,
    });
    this.#headroom = new Gauge({
      name: "lmgate_upstream_ratelimit_remaining",
      help: "What a provider last said is left of its limit for the key that was used.",
      labelNames: ["provider", "kind"],
      registers: [registry],
    });
    registerActive(registry, providers, this.#active);
    startAtZero(this.#counters, providers);
  }

  add(thread: string, delta: ProxyDeltas): void {
    for (const [reason, count] of Object.entries(delta.forbidden)) this.#counters.denied.inc({ reason }, count);
    for (const [kind, count] of Object.entries(delta.rejected)) this.#counters.refused.inc({ kind }, count);
    this.#counters.recordsSent.inc(delta.records);
    const active = new Map<string, number>();
    for (const [name, counts] of Object.entries(delta.providers)) {
      const provider = this.#providers.of(name);
      this.#addProvider(provider, counts);
      active.set(provider, (active.get(provider) ?? 0) + counts.active);
    }
    this.#active.set(thread, active);
    for (const calls of delta.requests) this.#addCalls(calls);
  }

  /** What the ledger thread knows better: costs, and tokens of answers that were read after their call. */
  addCosts(deltas: CostDeltas): void {
    const { cost, unpricedTokens, tokens } = this.#counters;
    this.#counters.forgottenAnswers.inc(deltas.forgotten);
    for (const account of deltas.costs) {
      const labels = this.#labelsOf(account, account.priced);
      cost.inc(labels, account.costUsd);
      unpricedTokens.inc({ model: labels.model }, account.unpricedTokens);
      for (const kind of tokenKinds) tokens[kind].inc(labels, account.settled[kind]);
    }
  }

  /** A thread that ended took its calls with it. */
  forget(thread: string): void {
    this.#active.delete(thread);
  }

  #addProvider(provider: string, counts: ProviderDelta): void {
    const { upstreamErrors, usageMissing } = this.#counters;
    for (const [kind, left] of Object.entries(counts.rateLimitRemaining)) this.#headroom.set({ provider, kind }, left);
    for (const [kind, count] of Object.entries(counts.upstreamErrors)) upstreamErrors.inc({ provider, kind }, count);
    for (const [reason, count] of Object.entries(counts.usageMissing)) {
      usageMissing.inc({ provider, reason: this.#reasons.of(reason) }, count);
    }
  }

  #addCalls(calls: RequestDeltas): void {
    const succeeded = (calls.unary[SUCCEEDED] ?? 0) + (calls.streamed[SUCCEEDED] ?? 0) > 0;
    const labels = this.#labelsOf(calls, succeeded);
    this.#addRequests(labels, "false", calls.unary);
    this.#addRequests(labels, "true", calls.streamed);
    for (const kind of tokenKinds) this.#counters.tokens[kind].inc(labels, calls.tokens[kind]);
    const { provider, model } = labels;
    this.#duration.add({ provider, model }, calls.duration);
    this.#timeToFirstToken.add({ provider, model }, calls.timeToFirstToken);
    this.#outputRate.add({ provider, model }, calls.outputRate);
  }

  #addRequests(labels: CallLabels, stream: "true" | "false", counts: StatusCounts): void {
    for (const [index, code_class] of codeClasses.entries()) {
      const count = counts[index];
      if (count !== undefined && count > 0) this.#counters.requests.inc({ ...labels, code_class, stream }, count);
    }
  }

  /** A model is worth a series of its own once a provider has answered for it, or a price was found. */
  #labelsOf(calls: Pick<RequestDeltas, "provider" | "model" | "owner">, isRealModel: boolean): CallLabels {
    return {
      provider: this.#providers.of(calls.provider),
      model: this.#models.of(calls.model ?? "unknown", isRealModel),
      owner: this.#owners.of(calls.owner ?? "unknown"),
    };
  }
}

type CallLabels = { readonly provider: string; readonly model: string; readonly owner: string };

const SUCCEEDED = 2;

const codeClasses = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"] as const;

const tokenKinds = ["input", "output", "cacheRead", "cacheWrite", "reasoning"] as const;

const deniedReasons: Readonly<Record<ForbiddenReason, true>> = {
  no_key: true,
  unknown_key: true,
  expired: true,
  mixed_keys: true,
};

type CallCounters = ReturnType<typeof callCounters>;

function callCounters(registry: Registry) {
  const counter = <T extends string>(name: string, help: string, labelNames: readonly T[]): Counter<T> =>
    new Counter({ name, help, labelNames, registers: [registry] });
  const perCall = ["provider", "model", "owner"] as const;
  const tokens = (name: string, help: string): Counter<keyof CallLabels> => counter(name, help, perCall);
  return {
    requests: counter("lmgate_requests_total", "Calls forwarded to a provider, by how they were answered.", [
      ...perCall,
      "code_class",
      "stream",
    ]),
    denied: counter("lmgate_denied_total", "Calls refused because of their key.", ["reason"]),
    refused: counter("lmgate_refused_total", "Calls LMGate refused for any other reason.", ["kind"]),
    recordsSent: counter("lmgate_stats_records_sent_total", "Records handed to the ledger thread.", []),
    // Separate names, not a label: cached and reasoning tokens are parts of input and output, and a sum over a label
    // would count them twice.
    tokens: {
      input: tokens("lmgate_input_tokens_total", "Input tokens, cached ones included."),
      output: tokens("lmgate_output_tokens_total", "Output tokens, reasoning included."),
      cacheRead: tokens("lmgate_cache_read_input_tokens_total", "Input tokens read from a provider's cache."),
      cacheWrite: tokens("lmgate_cache_write_input_tokens_total", "Input tokens written to a provider's cache."),
      reasoning: tokens("lmgate_reasoning_output_tokens_total", "Output tokens spent on reasoning."),
    },
    cost: tokens("lmgate_cost_usd_total", "What calls cost in US dollars, estimated from list prices."),
    unpricedTokens: counter("lmgate_unpriced_tokens_total", "Tokens of calls that there is no price for.", ["model"]),
    forgottenAnswers: counter(
      "lmgate_pending_answers_forgotten_total",
      "Stored answers whose use was still unknown when newer ones took their place.",
      [],
    ),
    upstreamErrors: counter("lmgate_upstream_errors_total", "Calls that failed between LMGate and a provider.", [
      "provider",
      "kind",
    ]),
    usageMissing: counter("lmgate_usage_missing_total", "Calls whose usage could not be read, by reason.", [
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
    help: "Calls running now.",
    labelNames: ["provider"],
    registers: [registry],
    collect: () => {
      gauge.reset();
      for (const provider of providers) gauge.set({ provider }, 0);
      for (const calls of active.values()) for (const [provider, count] of calls) gauge.inc({ provider }, count);
    },
  });
}

/** A series that appears only with its first event hides that event from `rate()`. */
function startAtZero(counters: CallCounters, providers: readonly string[]): void {
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
