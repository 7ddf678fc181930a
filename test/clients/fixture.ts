/**
 * The setting of the client tests: simulated providers, a real gateway before them, and the question asked of every
 * scenario: does an official SDK, pointed at the gateway, see what it sees without it, and is the call written down once?
 */
import assert from "node:assert/strict";

import { startSimulator, type Simulator } from "../../simulator/simulator.ts";
import type { AnsweredCall } from "../../simulator/request-log.ts";
import type { RequestRecord } from "../../src/core/request/request-record.ts";
import { startGateway, testKey, type Gateway } from "../harness/gateway.ts";

export interface World {
  readonly simulator: Simulator;
  readonly gateway: Gateway;
  /** Runs a scenario against the provider itself, then through the gateway; both must see the same. */
  compare<Seen>(scenario: (baseUrl: string) => Promise<Seen>): Promise<Observed<Seen>>;
  /** Runs a scenario through the gateway alone, for what cannot be equal: aborts. It makes one call, or as many as said. */
  through<Seen>(scenario: (baseUrl: string) => Promise<Seen>, count?: number): Promise<Observed<Seen>>;
  /** The records written so far are all there will be. */
  stop(): Promise<void>;
}

export interface Observed<Seen> {
  readonly seen: Seen;
  /** What the provider answered to the call that came through the gateway. */
  readonly answered: AnsweredCall;
  readonly record: RequestRecord;
}

export async function startWorld(): Promise<World> {
  const simulator = await startSimulator();
  const gateway = await startGateway({
    config: {
      providers: {
        openai: { upstream: `${simulator.url}/openai` },
        anthropic: { upstream: `${simulator.url}/anthropic/` },
        google: { upstream: `${simulator.url}/google` },
      },
    },
  });
  let expectedRecords = 0;

  async function through<Seen>(scenario: (baseUrl: string) => Promise<Seen>, count = 1): Promise<Observed<Seen>> {
    const before = simulator.calls().length;
    const seen = await scenario(gateway.url);
    await simulator.ended(before + count);
    const calls = simulator.calls();
    assert.equal(calls.length, before + count, "the provider is called no more often than the client calls");
    expectedRecords += count;
    const records = await gateway.records(expectedRecords);
    assert.equal(records.length, expectedRecords, "each call has one record");
    const [answered, record] = [calls.at(-1), records.at(-1)];
    assert.ok(answered && record);
    return { seen, answered, record };
  }

  return {
    simulator,
    gateway,
    through,
    async compare(scenario) {
      const direct = await scenario(simulator.url);
      const observed = await through(scenario);
      assert.deepEqual(observed.seen, direct, "through the gateway the client sees what it sees without it");
      return observed;
    },
    async stop() {
      const exitCode = await gateway.stop();
      await simulator.close();
      assert.equal(exitCode, 0);
      assert.equal((await gateway.records(0)).length, expectedRecords, "no record came later");
    },
  };
}

/** What every record of an answered call must say, taken from the provider's own ledger. */
export function assertRecord(record: RequestRecord, answered: AnsweredCall, more: Partial<RequestRecord> = {}): void {
  const { input, output, cached, written, reasoning, tooling } = answered;
  const inputBeside = answered.provider === "anthropic" ? (cached ?? 0) + (written ?? 0) : (tooling ?? 0);
  const outputBeside = answered.provider === "google" ? (reasoning ?? 0) : 0;
  const expected: Partial<RequestRecord> = {
    provider: answered.provider,
    endpoint: `/${answered.provider}${answered.path}`,
    model: answered.model,
    status: answered.status,
    input_tokens: input,
    output_tokens: output,
    masked_key: testKey.key.slice(-6),
    error_type: null,
    lmgate_id: testKey.id,
    owner: testKey.owner,
    method: "POST",
    stream: answered.stream,
    usage_state: "final",
    usage_source: answered.stream ? "stream" : "body",
    ...(input !== null && { total_input_tokens: input + inputBeside }),
    ...(output !== null && { total_output_tokens: output + outputBeside }),
    ...more,
  };
  for (const [field, value] of Object.entries(expected)) {
    const found: unknown = record[field as keyof RequestRecord]; // The keys are those of a partial record.
    assert.deepEqual(found, value, `${field} of ${JSON.stringify(record)}`);
  }
}

/** A provider's error: recorded like any answer, with the provider's name for it and without tokens. */
export function assertErrorRecord(record: RequestRecord, answered: AnsweredCall, errorType: string): void {
  const { provider, model, status, input_tokens, output_tokens, error_type, lmgate_id } = record;
  assert.deepEqual(
    { provider, model, status, input_tokens, output_tokens, error_type, lmgate_id },
    {
      provider: answered.provider,
      model: answered.model,
      status: answered.status,
      input_tokens: null,
      output_tokens: null,
      error_type: errorType,
      lmgate_id: testKey.id,
    },
  );
}

/** A call that the client left: answered with 200 so far, and marked. What was counted until then is not final. */
export function assertAborted(record: RequestRecord): void {
  const { status, error_type, usage_state } = record;
  assert.deepEqual(
    { status, error_type, usage_state },
    { status: 200, error_type: "client_aborted", usage_state: "aborted" },
  );
}

/** The error a call ends with; a call that succeeds fails the test. */
export async function errorOf(call: () => Promise<unknown>): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return assert.fail("the call should have failed");
}

/** The SDKs leave the status of an error untyped. */
export function statusOf(error: { readonly status?: unknown }): unknown {
  return error.status;
}
