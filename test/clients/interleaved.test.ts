import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { startSimulator, type Simulator } from "../../simulator/simulator.ts";
import { startGateway, type AllowedKey, type Gateway } from "../harness/gateway.ts";

const keys: readonly [AllowedKey, AllowedKey] = [
  { id: "left", key: "sk-left-0123456789-aaaaaa", owner: "left" },
  { id: "right", key: "sk-right-0123456789-bbbbbb", owner: "right" },
];
const requests = 1000;
const concurrency = 100;

/** Every request has unique token numbers, so that no response or record can be mistaken for another. */
interface Planned {
  readonly key: AllowedKey;
  readonly input: number;
  readonly output: number;
}

describe("many clients at once", () => {
  let simulator: Simulator;
  let gateway: Gateway;
  before(async () => {
    simulator = await startSimulator();
    const providers = { anthropic: { upstream: `${simulator.url}/anthropic` } };
    gateway = await startGateway({ keys, config: { server: { workers: 2 }, providers } });
  });
  after(async () => {
    await gateway.stop();
    await simulator.close();
  });

  it("S24: get their own responses and records in 1,000 interleaved streams of two keys", async () => {
    const planned = Array.from({ length: requests }, (_, index): Planned => {
      return { key: keys[index % 2 === 0 ? 0 : 1], input: 10_000 + index, output: 20_000 + index };
    });
    const waiting = [...planned];
    const worker = async (): Promise<void> => {
      for (let next = waiting.pop(); next; next = waiting.pop()) await stream(next);
    };
    await Promise.all(Array.from({ length: concurrency }, worker));

    const records = await gateway.records(requests);
    assert.equal(records.length, requests);
    const recorded = new Map(records.map((record) => [record.input_tokens, record]));
    for (const { key, input, output } of planned) {
      const record = recorded.get(input);
      assert.deepEqual(
        [record?.lmgate_id, record?.owner, record?.masked_key, record?.output_tokens, record?.usage_state],
        [key.id, key.owner, key.key.slice(-6), output, "final"],
      );
    }
    assert.equal(new Set(records.map(({ id }) => id)).size, requests, "every record has its own id");
  });

  async function stream({ key, input, output }: Planned): Promise<void> {
    const response = await fetch(`${gateway.url}/anthropic/v1/messages`, {
      method: "POST",
      headers: { "x-api-key": key.key, "x-sim": `input=${input},output=${output},bytes=400,chunks=4,delay=1` },
      body: JSON.stringify({ model: "claude-sonnet-5", max_tokens: 100_000, messages: [], stream: true }),
    });
    const text = await response.text();
    assert.ok(text.includes(`"input_tokens":${input},`), "the first event belongs to this request");
    assert.ok(text.includes(`"output_tokens":${output}}`), "and so does the last one");
    assert.ok(text.endsWith('data: {"type":"message_stop"}\n\n'));
  }
});
