// Every way of hiding `Transfer-Encoding: chunked` with one odd octet beside a Content-Length. A server that sees the coding
// and one that does not would read two different requests. LMGate sees it and rejects the request, or does not see it, and
// neither does the receiver of what it forwards.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { octets, readRequests } from "../../src/wire/replay.test.ts";
import { startAttackFixture, goodKey, type AttackFixture } from "./attack-fixture.ts";

let fixture: AttackFixture;
before(async () => {
  fixture = await startAttackFixture({ config: { timeouts: { client_head_seconds: 1, client_body_idle_seconds: 1 } } });
});
after(() => fixture.stop());

const AT_ONCE = 64;
const KEY_FIELD = `x-lmgate-key: ${goodKey.key}`;
const SMUGGLED = `GET /openai/smug HTTP/1.1\r\nHost: gate\r\n${KEY_FIELD}\r\n\r\n`;
const BODY = `0\r\n\r\n${SMUGGLED}`;

/** The place of the octet. */
const DISGUISES: readonly ((octet: string) => string)[] = [
  (octet) => `Transfer-Encoding:${octet}chunked`,
  (octet) => `Transfer-Encoding${octet}: chunked`,
  (octet) => `Transfer-Encoding${octet}chunked`,
  (octet) => `${octet}Transfer-Encoding: chunked`,
  (octet) => `Transfer-Encoding: chunked${octet}`,
  (octet) => `Transfer-Encoding: ${octet}chunked`,
  (octet) => `X: X${octet}Transfer-Encoding: chunked`,
  (octet) => `Transfer-Encoding: chunked${octet}X: X`,
  (octet) => `X: X\r${octet}Transfer-Encoding: chunked`,
  (octet) => `X: X${octet}\nTransfer-Encoding: chunked`,
  (octet) => `Transfer-Encoding: chunked\r${octet}X: X`,
];

function* attempts(): Generator<string> {
  for (const disguise of DISGUISES) {
    for (let code = 1; code <= 0xff; code++) {
      if (code > 0x20 && code < 0x7f) continue;
      const line = disguise(String.fromCharCode(code));
      yield `POST /openai/v1/x HTTP/1.1\r\nHost: gate\r\n${KEY_FIELD}\r\nContent-Length: ${BODY.length}\r\n${line}\r\n\r\n${BODY}`;
    }
  }
}

test("S14: no disguised transfer coding beside a length smuggles a second request", async (context) => {
  const sent = [...attempts()];
  let responseCount = 0;
  const work = sent.values();
  const walk = async (): Promise<void> => {
    for (const each of work) {
      const { responses } = await fixture.send(each);
      responseCount += responses.filter(({ status, text }) => status === 200 && text !== "ok").length;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, walk));
  const forwarded = fixture.takeRequests();
  context.diagnostic(`${forwarded.length} of ${sent.length} were admitted`);
  assert.equal(forwarded.length, responseCount);
  for (const { text } of forwarded) {
    assert.ok(text.startsWith("POST /v1/x HTTP/1.1\r\n"), JSON.stringify(text));
    const read = readRequests([octets(text)]);
    assert.equal(read.fault, undefined, JSON.stringify(text));
    assert.equal(read.messages.length, 1, JSON.stringify(text));
    assert.ok(text.endsWith(BODY), JSON.stringify(text));
  }
});
