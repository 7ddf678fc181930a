// Requests that were sent to HAProxy, nginx, Caddy and a plain Node.js proxy, sent to a running gateway. LMGate must reject what any of
// them rejects (except an empty line before a request, RFC 9112 §2.2), and what it forwards must arrive as it was sent.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { readMessage, type RawMessage } from "../harness/raw-message.ts";
import { startAttackFixture, withKey, type AttackFixture } from "./attack-fixture.ts";
import { REFERENCE_REQUESTS } from "./reference-requests.ts";

let fixture: AttackFixture;
before(async () => {
  fixture = await startAttackFixture({ config: { server: { max_head_kilobytes: 16 } } });
});
after(() => fixture.stop());

/** All others forward these. LMGate rejects them, because the key that it checked would not be the one that it sends. */
const REJECTED_BY_MEANING: readonly string[] = ["Connection: x-api-key"];
/** A whole request, followed by garbage. */
const RESPONSE_FIRST: readonly string[] = ["\\r\\n\\rX"];
const HOP_BY_HOP: readonly string[] = ["connection", "upgrade", "te", "keep-alive"];

for (const { name, bytes, rejected } of REFERENCE_REQUESTS) {
  const rawRequest = withKey(bytes);

  if ((rejected || REJECTED_BY_MEANING.includes(name)) && !RESPONSE_FIRST.includes(name)) {
    test(`S13–S18: "${name}" gets one error response, and the connection ends`, async () => {
      const { statuses, open } = await fixture.send(rawRequest);
      assert.equal(statuses.length, 1);
      assert.match(String(statuses[0]), /^(400|405|413|417|431|505)$/);
      // An unknown expectation and a forbidden method are rejected for their meaning, not for their framing.
      if (name !== "TRACE" && name !== "CONNECT") assert.equal(open, false);
      assert.deepEqual(fixture.takeRequests(), []);
    });
  } else {
    test(`"${name}" reaches the upstream as it was sent`, async () => {
      const { statuses } = await fixture.send(rawRequest);
      const sent = messagesIn(rawRequest);
      const received = fixture.takeRequests();
      const routed = sent.filter(
        ({ startLine }) => startLine.startsWith("GET /openai/") || startLine.startsWith("POST /openai/"),
      );
      assert.deepEqual(
        received.map(semantics),
        routed.map((message) => forwarded(message)),
      );
      for (const recorded of received) assert.ok(recorded.lines.includes(`Host: ${fixture.authority}`));
      assert.deepEqual(
        statuses.filter((status) => status >= 200 && !(RESPONSE_FIRST.includes(name) && status === 400)),
        expectedStatuses(sent),
      );
    });
  }
}

function messagesIn(text: string): readonly RawMessage[] {
  const found: RawMessage[] = [];
  let rest = Buffer.from(text.replace(/^\r\n/, ""), "latin1");
  for (let message = readMessage(rest); message !== undefined; message = readMessage(rest)) {
    found.push(message);
    rest = rest.subarray(message.length);
  }
  return found;
}

function expectedStatuses(sent: readonly RawMessage[]): readonly number[] {
  return sent.map(({ startLine }) => (startLine.includes(" /openai/") ? 200 : 404));
}

/** The meaning of a request: method and target, the header lines in order, the body without its framing. */
function semantics({ startLine, lines, body, trailers }: RawMessage) {
  return { startLine, lines: lines.filter((line) => !/^host:/i.test(line)), body: body.toString("latin1"), trailers };
}

/** The same for what the client sent, without hop-by-hop fields and forbidden trailers. */
function forwarded(message: RawMessage) {
  const named = message.lines.filter((line) => /^connection:/i.test(line)).flatMap((line) => line.slice(11).split(","));
  const dropped = new Set([...HOP_BY_HOP, ...named.map((name) => name.trim().toLowerCase()), "x-lmgate-key", "host"]);
  const upgrading = message.lines.includes("Upgrade: websocket");
  const lines = message.lines.filter((line) => !dropped.has(line.slice(0, line.indexOf(":")).toLowerCase()));
  if (upgrading) lines.splice(0, 0, "Upgrade: websocket");
  if (upgrading) lines.push("Connection: Upgrade");
  const startLine = message.startLine.replace(" /openai/", " /").replace("HTTP/1.0", "HTTP/1.1");
  const trailers = message.trailers?.filter((line) => !/^authorization:/i.test(line));
  return { startLine, lines, body: message.body.toString("latin1"), trailers };
}
