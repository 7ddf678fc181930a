// A sample of the corpus through real gateways. `npm run accuracy` plays all of it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { ratio, tabulate } from "../corpus/accuracy.ts";
import { parseExchange } from "../corpus/exchange.ts";
import { loadCorpus } from "../corpus/load.ts";
import { TALK_MODES, type Result } from "../corpus/result.ts";
import { performancesOf, run } from "../corpus/runner.ts";
import { runTalks } from "../corpus/websocket-fixture.ts";
import { seededRandom } from "../harness/seeded-random.ts";

const SEED = 3;
const EXTENT = { cuts: 4, leaves: 8, bytewise: 600 };
/** Plays of each exchange beside the one in which its answers come whole. */
const MORE = 3;

const files = loadCorpus();

test("every exchange of the corpus leaves the record its file says, however its answer comes", async () => {
  const random = seededRandom(SEED);
  const performances = files.flatMap((file, index) => {
    const all = performancesOf(file, EXTENT, SEED + index);
    return all.filter((_, place) => place === 0 || random() < MORE / all.length);
  });
  const results = await run(performances);
  assert.ok(results.length > files.length);
  assert.deepEqual(failuresOf(results), []);
  assertExact(results);
});

test("every WebSocket of the corpus leaves the records its file says", async () => {
  const talks = files.filter(({ exchange }) => exchange.talk !== undefined);
  const sample = talks.map((file, index) => [file, TALK_MODES[index % TALK_MODES.length] ?? "frames"] as const);
  const results = await runTalks(sample);
  assert.ok(results.length > talks.length);
  assert.deepEqual(failuresOf(results), []);
  assertExact(results);
});

test("a token too many in a file is a figure that is not 1, and a fault", async () => {
  const file = files.find(({ name }) => name === "openai.chat/openai-chat-stream");
  assert.ok(file);
  const text = file.text.replaceAll('"total_input_tokens": 9', '"total_input_tokens": 10');
  const wrong = { ...file, text, exchange: parseExchange(file.name, text, "0") };
  const results = await run(performancesOf(wrong, EXTENT, SEED).slice(0, 1));
  assert.deepEqual(failuresOf(results), [`${file.name}: whole : total_input_tokens is 9 instead of 10`]);
  assert.throws(() => assertExact(results), /0\.900000/);
});

function failuresOf(results: readonly Result[]): readonly string[] {
  return results.flatMap(({ what, faults }) => (faults.length === 0 ? [] : [`${what}: ${faults.join("; ")}`]));
}

function assertExact(results: readonly Result[]): void {
  for (const [dialect, cells] of tabulate(results)) {
    for (const [mode, cell] of cells) {
      const figures = [ratio(cell, "input"), ratio(cell, "output")];
      assert.ok(
        figures.every((figure) => figure === "1.000" || figure === "none"),
        `${dialect}, ${mode}: ${figures.join(" and ")}`,
      );
    }
  }
}
