import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { startSimulator, type Simulator } from "../../simulator/simulator.ts";
import { startGateway, type AllowedKey, type Gateway } from "../harness/gateway.ts";

const keys: readonly [AllowedKey, AllowedKey] = [
  { id: "left", key: "sk-left-0123456789-aaaaaa", owner: "left" },
  { id: "right", key: "sk-right-0123456789-bbbbbb", owner: "right" },
];
const calls = 1000;
const atOnce = 100;

/** Every call asks for a number of tokens that no other call has, so that nothing can pass for something else. */
interface Planned {
  readonly key: AllowedKey;
  readonly input: number;
  readonly output: number;
}

describe("many callers at once", () => {
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

  it("S24: keep their own answers and their own records in 1,000 interleaved streams of two keys", async () => {
    const planned = Array.from({ length: calls }, (_, index): Planned => {
      return { key: keys[index % 2 === 0 ? 0 : 1], input: 10_000 + index, output: 20_000 + index };
    });
    const waiting = [...planned];
    const worker = async (): Promise<void> => {
      for (let next = waiting.pop(); next; next = waiting.pop()) await stream(next);
    };
    await Promise.all(Array.from({ length: atOnce }, worker));

    const records = await gateway.records(calls);
    assert.equal(records.length, calls);
    const recorded = new Map(records.map((record) => [record.input_tokens, record]));
    for (const { key, input, output } of planned) {
      const record = recorded.get(input);
      assert.deepEqual(
        [record?.lmgate_id, record?.owner, record?.masked_key, record?.output_tokens, record?.usage_state],
        [key.id, key.owner, key.key.slice(-6), output, "final"],
      );
    }
    assert.equal(new Set(records.map(({ id }) => id)).size, calls, "every record has an id of its own");
  });

  async function stream({ key, input, output }: Planned): Promise<void> {
    const response = await fetch(`${gateway.url}/anthropic/v1/messages`, {
      method: "POST",
      headers: { "x-api-key": key.key, "x-sim": `input=${input},output=${output},bytes=400,chunks=4,delay=1` },
      body: JSON.stringify({ model: "claude-sonnet-5", max_tokens: 100_000, messages: [], stream: true }),
    });
    const text = await response.text();
    assert.ok(text.includes(`"input_tokens":${input},`), "the opening is this call's own");
    assert.ok(text.includes(`"output_tokens":${output}}`), "and so is the end");
    assert.ok(text.endsWith('data: {"type":"message_stop"}\n\n'));
  }
});
