/**
 * Simulated providers with a real gateway in front of them. Every test checks that an official SDK gets the same result through
 * the gateway as without it, and that each request has one record.
 */
import assert from "node:assert/strict";

import { startSimulator, type Simulator } from "../../simulator/simulator.ts";
import type { LoggedRequest } from "../../simulator/request-log.ts";
import type { RequestRecord } from "../../src/core/request/request-record.ts";
import { startGateway, testKey, type Gateway } from "../harness/gateway.ts";

export interface ClientFixture {
  readonly simulator: Simulator;
  readonly gateway: Gateway;
  /** Runs a scenario against the provider, then through the gateway, and compares the results. */
  compare<Result>(scenario: (baseUrl: string) => Promise<Result>): Promise<Observed<Result>>;
  /** Runs a scenario only through the gateway, for results that differ, such as aborts. It sends `count` requests. */
  through<Result>(scenario: (baseUrl: string) => Promise<Result>, count?: number): Promise<Observed<Result>>;
  /** Stops the gateway, and checks that no more records were written. */
  stop(): Promise<void>;
}

export interface Observed<Result> {
  readonly result: Result;
  /** The provider's log of the request that came through the gateway. */
  readonly logged: LoggedRequest;
  readonly record: RequestRecord;
}

export async function startClientFixture(): Promise<ClientFixture> {
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

  async function through<Result>(scenario: (baseUrl: string) => Promise<Result>, count = 1): Promise<Observed<Result>> {
    const before = simulator.requests().length;
    const result = await scenario(gateway.url);
    await simulator.ended(before + count);
    const requests = simulator.requests();
    assert.equal(requests.length, before + count, "the gateway forwards each request once");
    expectedRecords += count;
    const records = await gateway.records(expectedRecords);
    assert.equal(records.length, expectedRecords, "each request has one record");
    const [logged, record] = [requests.at(-1), records.at(-1)];
    assert.ok(logged && record);
    return { result, logged, record };
  }

  return {
    simulator,
    gateway,
    through,
    async compare(scenario) {
      const direct = await scenario(simulator.url);
      const observed = await through(scenario);
      assert.deepEqual(observed.result, direct, "the client gets the same result with and without the gateway");
      return observed;
    },
    async stop() {
      const exitCode = await gateway.stop();
      await simulator.close();
      assert.equal(exitCode, 0);
      assert.equal((await gateway.records(0)).length, expectedRecords, "no record was written later");
    },
  };
}

/** Compares a record with the provider's log of its request. */
export function assertRecord(record: RequestRecord, logged: LoggedRequest, more: Partial<RequestRecord> = {}): void {
  const { input, output, cached, written, reasoning, tooling } = logged;
  const excludedInput = logged.provider === "anthropic" ? (cached ?? 0) + (written ?? 0) : (tooling ?? 0);
  const excludedOutput = logged.provider === "google" ? (reasoning ?? 0) : 0;
  const expected: Partial<RequestRecord> = {
    provider: logged.provider,
    endpoint: `/${logged.provider}${logged.path}`,
    model: logged.model,
    status: logged.status,
    input_tokens: input,
    output_tokens: output,
    masked_key: testKey.key.slice(-6),
    error_type: null,
    lmgate_id: testKey.id,
    owner: testKey.owner,
    method: "POST",
    stream: logged.stream,
    usage_state: "final",
    usage_source: logged.stream ? "stream" : "body",
    ...(input !== null && { total_input_tokens: input + excludedInput }),
    ...(output !== null && { total_output_tokens: output + excludedOutput }),
    ...more,
  };
  for (const [field, value] of Object.entries(expected)) {
    const actual: unknown = record[field as keyof RequestRecord]; // Reason for the cast: the keys are those of a partial record.
    assert.deepEqual(actual, value, `${field} of ${JSON.stringify(record)}`);
  }
}

/** Checks the record of a provider's error, which has the provider's error type and no tokens. */
export function assertErrorRecord(record: RequestRecord, logged: LoggedRequest, errorType: string): void {
  const { provider, model, status, input_tokens, output_tokens, error_type, lmgate_id } = record;
  assert.deepEqual(
    { provider, model, status, input_tokens, output_tokens, error_type, lmgate_id },
    {
      provider: logged.provider,
      model: logged.model,
      status: logged.status,
      input_tokens: null,
      output_tokens: null,
      error_type: errorType,
      lmgate_id: testKey.id,
    },
  );
}

/** Checks the record of a request that the client aborted: status 200, and counters that are not final. */
export function assertAborted(record: RequestRecord): void {
  const { status, error_type, usage_state } = record;
  assert.deepEqual(
    { status, error_type, usage_state },
    { status: 200, error_type: "client_aborted", usage_state: "aborted" },
  );
}

/** Returns the error of an operation; the test fails if the operation succeeds. */
export async function errorOf(operation: () => Promise<unknown>): Promise<unknown> {
  try {
    await operation();
  } catch (error) {
    return error;
  }
  return assert.fail("the operation should have failed");
}

/** The SDKs do not type the status of an error. */
export function statusOf(error: { readonly status?: unknown }): unknown {
  return error.status;
}
