/** Damaged requests: the upstream must receive what llhttp reads in the client's bytes, each request whole and once. */
import assert from "node:assert/strict";

import {
  llhttpRequests,
  failedOnTrailers,
  type LlhttpResult,
  type LlhttpMessage,
} from "../../../src/wire/llhttp.test.ts";
import { octets } from "../../../src/wire/replay.test.ts";
import type { RecordedRequest } from "../recording-upstream.ts";
import { isForOneHop, namedByConnection, pairs, type Pair } from "./fields.ts";
import { HEALTH_REQUEST } from "../raw-exchange.ts";
import type { Lane } from "./lane.ts";

export async function requestCheck(lane: Lane, text: string): Promise<string> {
  const { upstream } = lane;
  upstream.requests.length = 0;
  const bytesBefore = upstream.seen.bytes;
  const marker = `X-From: ${lane.name}\r\n`;
  const head = `HTTP/1.1 200 OK\r\n${marker}Content-Length: 2\r\n\r\n`;
  upstream.respond = (socket, { method }) => void socket.write(method === "HEAD" ? head : `${head}{}`);

  const { received } = await lane.exchange(text);
  const recorded = upstream.requests.splice(0);
  const opinion = await llhttpRequests(octets(text + HEALTH_REQUEST));
  const sent = opinion.messages;
  let next = 0;
  for (const each of recorded) next = 1 + (await findSent(each, { opinion, from: next, lane }));
  const responses = received.toString("latin1").split(marker).length - 1;
  assert.equal(
    responses,
    recorded.length,
    `${recorded.length} requests reached the upstream, ${responses} had a response`,
  );
  const partial = recorded.length === 0 && upstream.seen.bytes > bytesBefore;
  const status = /^HTTP\/1\.1 (\d{3})/.exec(received.toString("latin1", 0, 12))?.[1] ?? "no response";
  return `${recorded.length} of ${sent.length} passed on${partial ? ", one begun" : ""}, first ${status}`;
}

interface Expected {
  readonly opinion: LlhttpResult;
  readonly from: number;
  readonly lane: Lane;
}

/** Finds the client's request that this is; fails if llhttp reads no such request there. */
async function findSent(recorded: RecordedRequest, { opinion, from, lane }: Expected): Promise<number> {
  const shown = JSON.stringify(recorded.text);
  const { messages, error } = await llhttpRequests(octets(recorded.text));
  assert.equal(error, undefined, `reached the upstream and is not well-formed: ${shown}`);
  assert.equal(messages.length, 1, `reached the upstream as one and is several: ${shown}`);
  const [actual] = messages;
  assert.ok(actual?.complete, `reached the upstream as whole and is not: ${shown}`);
  const sent = opinion.messages;
  const at = sent.findIndex((each, index) => index >= from && isSame(each, actual, lane));
  // After trailers that llhttp rejects it reports nothing.
  if (at === -1 && failedOnTrailers(opinion)) return sent.length;
  assert.notEqual(at, -1, `reached the upstream and was not sent: ${shown}; sent were ${JSON.stringify(sent)}`);
  return at;
}

function isSame(sent: LlhttpMessage, received: LlhttpMessage, { name, authority }: Lane): boolean {
  const upgrading = pairs(received.fields).some(([field]) => field === "Connection");
  const prefix = `/${name}`;
  const target = sent.target?.startsWith(prefix) === true ? sent.target.slice(prefix.length) : undefined;
  const wanted = expectedFields(pairs(sent.fields), authority, upgrading);
  return (
    sent.complete &&
    received.method === sent.method &&
    // A prefix followed by a query requests the root.
    (received.target === target || received.target === `/${target}`) &&
    received.version === "1.1" &&
    JSON.stringify(pairs(received.fields)) === JSON.stringify(wanted) &&
    received.body === sent.body &&
    isPart(pairs(received.trailers), pairs(sent.trailers))
  );
}

function expectedFields(fields: readonly Pair[], authority: string, upgrading: boolean): readonly Pair[] {
  const named = namedByConnection(fields);
  const kept = fields.flatMap(([field, value]): readonly Pair[] => {
    const name = field.toLowerCase();
    if (name === "host") return [["Host", authority]];
    if (name === "upgrade") return upgrading ? [[field, value]] : [];
    return isForOneHop(name) || named.has(name) || name.startsWith("x-lmgate-") ? [] : [[field, value]];
  });
  const withHost: readonly Pair[] = kept.some(([field]) => field === "Host") ? kept : [...kept, ["Host", authority]];
  return upgrading ? [...withHost, ["Connection", "Upgrade"]] : withHost;
}

/** Some trailers must be dropped and others may be; the rest stay in order. */
function isPart(received: readonly Pair[], sent: readonly Pair[]): boolean {
  let at = 0;
  for (const [name, value] of received) {
    if (/^(host|authorization|x-api-key|content-length|transfer-encoding)$/i.test(name)) return false;
    while (at < sent.length && (sent[at]?.[0] !== name || sent[at]?.[1] !== value)) at++;
    if (at++ === sent.length) return false;
  }
  return true;
}
