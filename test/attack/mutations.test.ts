// The reference requests with bytes changed, doubled, lost and swapped, by a generator with a fixed seed. The upstream must
// only see whole requests that a strict parser reads as one each, and never more than LMGate responded to.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { octets, readRequests } from "../../src/wire/replay.test.ts";
import { seededRandom } from "../harness/seeded-random.ts";
import { startAttackFixture, KEY_FIELD, type AttackFixture } from "./attack-fixture.ts";
import { REFERENCE_REQUESTS } from "./reference-requests.ts";

let fixture: AttackFixture;
before(async () => {
  // a request that lost its end times out at once
  fixture = await startAttackFixture({ config: { timeouts: { client_head_seconds: 1, client_body_idle_seconds: 1 } } });
});
after(() => fixture.stop());

/** Requests that are valid before the mutation lead to more that are admitted. */
const ROUNDS = { good: 48, bad: 12 };
const AT_ONCE = 64;
const PIECES = [
  "\r",
  "\n",
  "\r\n",
  "\0",
  " ",
  "\t",
  ":",
  ";",
  ",",
  "chunked",
  "0",
  "5",
  "\r\n\r\n",
  "GET /openai/smug HTTP/1.1\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Content-Length: 5\r\n",
  "Host: b\r\n",
  "\x0b",
  "\x80",
  "%2e%2e/",
  "/",
  "0\r\n\r\n",
];

test("S39: no mutation of a request makes the upstream read something else than LMGate admitted", async (context) => {
  const sent = [...mutations()];
  let responseCount = 0;
  const work = sent.values();
  const walk = async (): Promise<void> => {
    for (const each of work) {
      const { responses } = await fixture.send(each);
      // Except for health responses, a response without LMGate's error code comes from the upstream.
      responseCount += responses.filter(
        ({ status, text, lines }) =>
          status === 200 && text !== "ok" && !lines.some((line) => line.startsWith("x-lmgate-error")),
      ).length;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, walk));
  const forwarded = fixture.takeRequests();
  context.diagnostic(`${forwarded.length} of ${sent.length} were admitted`);
  assert.ok(forwarded.length > 100);
  assert.equal(forwarded.length, responseCount);
  for (const { text, lines } of forwarded) {
    const read = readRequests([octets(text)]);
    assert.equal(read.fault, undefined, JSON.stringify(text));
    assert.equal(read.messages.length, 1, JSON.stringify(text));
    assert.equal(read.messages[0]?.complete, true, JSON.stringify(text));
    assert.deepEqual(
      lines.filter((line) => /^host/i.test(line)),
      [`Host: ${fixture.authority}`],
    );
    assert.ok(lines.every((line) => !/^x-lmgate-/i.test(line)));
  }
  // Each admitted request has one record, and there are no others.
  const records = await fixture.gateway.records(forwarded.length);
  assert.equal(records.filter(({ status }) => status === 200).length, forwarded.length);
});

function* mutations(): Generator<string> {
  const random = seededRandom(20_261_123);
  const pick = (count: number): number => Math.floor(random() * count);
  for (const { bytes, rejected } of REFERENCE_REQUESTS) {
    if (bytes.length > 4_000) continue;
    for (let round = rejected ? ROUNDS.bad : ROUNDS.good; round > 0; round--) {
      let text = bytes;
      for (let change = pick(3); change >= 0; change--) {
        const at = pick(text.length);
        const length = 1 + pick(4);
        const piece = PIECES[pick(PIECES.length)] ?? "";
        switch (pick(4)) {
          case 0:
            text = text.slice(0, at) + piece + text.slice(at);
            break;
          case 1:
            text = text.slice(0, at) + text.slice(at + length);
            break;
          case 2:
            text = text.slice(0, at) + text.slice(at, at + length * 8) + text.slice(at);
            break;
          default:
            text = text.slice(0, at) + piece + text.slice(at + length);
        }
      }
      // The key comes last, so that most requests are rejected for their form and not for their key.
      yield text.replace(/Host: a\r\n/g, `Host: a\r\n${KEY_FIELD}\r\n`);
    }
  }
}
