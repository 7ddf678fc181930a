// Asserts that llhttp reads the same bytes in the same way. Contains no tests.
import assert from "node:assert/strict";
import type { Field } from "./field.ts";
import { failedOnTrailers, type LlhttpResult, type LlhttpMessage } from "./llhttp.test.ts";
import type { Conversation, Message } from "./replay.test.ts";
import type { RequestHead } from "./request-head.ts";
import type { ResponseHead } from "./response-head.ts";

/** Fails unless llhttp reads each accepted request in the same way. `shown` describes the bytes. */
export function compareRequests(ours: Conversation<RequestHead>, theirs: LlhttpResult, shown: string): void {
  for (const [index, message] of ours.messages.entries()) {
    const other = theirs.messages[index];
    if (other === undefined && endedByTrailers(theirs.messages[index - 1])) return;
    assert.ok(other, `llhttp does not read request ${index} of ${shown}`);
    const { head } = message;
    assert.deepEqual(
      { method: other.method, target: other.target, version: other.version, fields: other.fields },
      { method: head.method, target: head.target, version: `1.${head.minor}`, fields: asSent(head) },
      shown,
    );
    // Node.js reports nothing after the head of a CONNECT.
    if (head.method === "CONNECT" || (message.complete && !other.complete && failedOnTrailers(theirs))) return;
    compareBodies(message, other, shown);
    // llhttp reads the non-standard `Proxy-Connection` as `Connection` (RFC 9110 §7.6.1).
    const isOldProxy = head.fields.some(({ name }) => name === "proxy-connection");
    if (head.keepAlive && !isOldProxy) assert.equal(other.keepAlive, true, shown);
  }
}

/** llhttp reads `Connection` in a trailer section as if it were in the head, against RFC 9110 §6.5.1. */
function endedByTrailers(before: LlhttpMessage | undefined): boolean {
  return before?.trailers.some((text, index) => index % 2 === 0 && /^connection$/i.test(text)) ?? false;
}

/** The same for the final response to a request with that method. */
export function compareResponse(
  ours: Message<ResponseHead>,
  theirResult: LlhttpResult,
  method: string,
  shown: string,
): void {
  const [theirs] = theirResult.messages;
  assert.ok(theirs, `llhttp does not read ${shown}`);
  const { head } = ours;
  assert.deepEqual(
    { status: theirs.status, version: theirs.version, fields: theirs.fields },
    { status: head.status, version: `1.${head.minor}`, fields: asSent(head) },
    shown,
  );
  if (ours.complete && !theirs.complete && failedOnTrailers(theirResult)) return;
  compareBodies(ours, theirs, shown);
  // For a response to HEAD, Node.js asks llhttp about keep-alive before it says that there is no body, and closes.
  const isOldProxy = head.fields.some(({ name }) => name === "proxy-connection");
  if (head.keepAlive && !isOldProxy && method !== "HEAD") assert.equal(theirs.keepAlive, true, shown);
}

function compareBodies(ours: Message<RequestHead | ResponseHead>, theirs: LlhttpMessage, shown: string): void {
  if (ours.complete) assert.equal(theirs.complete, true, shown);
  if (theirs.complete && (ours.complete || ours.head.body.kind === "until-close"))
    assert.equal(theirs.body, ours.body, shown);
}

function asSent(head: { readonly text: string; readonly fields: readonly Field[] }): readonly string[] {
  return head.fields.flatMap((field) => [head.text.slice(field.start, field.start + field.name.length), field.value]);
}
