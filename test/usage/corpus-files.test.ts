// Sends a sample of the corpus through real gateways. `npm run accuracy` sends all of it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { ratio, tabulate } from "../corpus/accuracy.ts";
import { parseExchange } from "../corpus/exchange.ts";
import { loadCorpus } from "../corpus/load.ts";
import { SESSION_MODES, type Result } from "../corpus/result.ts";
import { replaysOf, run } from "../corpus/runner.ts";
import { runSessions } from "../corpus/websocket-fixture.ts";
import { seededRandom } from "../harness/seeded-random.ts";

const SEED = 3;
const EXTENT = { cuts: 4, leaves: 8, bytewise: 600 };
/** The number of variants of each exchange, besides the one with whole responses. */
const MORE = 3;

const files = loadCorpus();

test("every exchange of the corpus leaves the record of its file, in every variant of its response", async () => {
  const random = seededRandom(SEED);
  const replays = files.flatMap((file, index) => {
    const all = replaysOf(file, EXTENT, SEED + index);
    return all.filter((_, position) => position === 0 || random() < MORE / all.length);
  });
  const results = await run(replays);
  assert.ok(results.length > files.length);
  assert.deepEqual(failuresOf(results), []);
  assertExact(results);
});

test("every WebSocket of the corpus leaves the records of its file", async () => {
  const sessions = files.filter(({ exchange }) => exchange.session !== undefined);
  const sample = sessions.map(
    (file, index) => [file, SESSION_MODES[index % SESSION_MODES.length] ?? "frames"] as const,
  );
  const results = await runSessions(sample);
  assert.ok(results.length > sessions.length);
  assert.deepEqual(failuresOf(results), []);
  assertExact(results);
});

test("a token too many in a file is reported as a failure and as an accuracy below 1", async () => {
  const file = files.find(({ name }) => name === "openai.chat/openai-chat-stream");
  assert.ok(file);
  const text = file.text.replaceAll('"total_input_tokens": 9', '"total_input_tokens": 10');
  const wrong = { ...file, text, exchange: parseExchange(file.name, text, "0") };
  const results = await run(replaysOf(wrong, EXTENT, SEED).slice(0, 1));
  assert.deepEqual(failuresOf(results), [`${file.name}: whole : total_input_tokens is 9 instead of 10`]);
  assert.throws(() => assertExact(results), /0\.900000/);
});

function failuresOf(results: readonly Result[]): readonly string[] {
  return results.flatMap(({ what, failures }) => (failures.length === 0 ? [] : [`${what}: ${failures.join("; ")}`]));
}

function assertExact(results: readonly Result[]): void {
  for (const [dialect, cells] of tabulate(results)) {
    for (const [mode, cell] of cells) {
      const ratios = [ratio(cell, "input"), ratio(cell, "output")];
      assert.ok(
        ratios.every((value) => value === "1.000" || value === "none"),
        `${dialect}, ${mode}: ${ratios.join(" and ")}`,
      );
    }
  }
}
