/** The codec without a socket: llhttp must accept what the codec accepts and read it in the same way, in any pieces. */
import assert from "node:assert/strict";

import { compareRequests, compareResponse } from "../../../src/wire/agreement.test.ts";
import { llhttpRequests, llhttpResponse } from "../../../src/wire/llhttp.test.ts";
import { cut, octets, readRequests, readResponses, summary, type Message } from "../../../src/wire/replay.test.ts";
import type { RequestHead } from "../../../src/wire/request-head.ts";
import type { ResponseHead } from "../../../src/wire/response-head.ts";
import { below, cutPlaces, pick, type Random } from "./mutate.ts";
import { CHUNKED_BODIES, REQUESTS, RESPONSES } from "./seeds.ts";
import type { Target } from "./target.ts";

const CHUNKED_REQUEST = "POST /openai/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
const METHODS = ["GET", "GET", "GET", "POST", "HEAD"];

export const requestCodec: Target = { name: "requests", seeds: REQUESTS, check: checkRequests };

export const chunkCodec: Target = {
  name: "chunks",
  seeds: CHUNKED_BODIES,
  check: (text, random) => checkRequests(CHUNKED_REQUEST + text, random),
};

export const responseCodec: Target = {
  name: "responses",
  seeds: RESPONSES,
  async check(text, random) {
    const bytes = octets(text);
    const method = pick(METHODS, random);
    const whole = readResponses([bytes], method);
    const places = cutPlaces(bytes.length, random);
    assert.deepEqual(
      summary(readResponses(cut(bytes, places), method)),
      summary(whole),
      `in pieces at ${places.join()}`,
    );
    const ours = whole.messages.find(({ head }) => head.status >= 200);
    if (ours !== undefined && !isBeyondOracle(whole.messages)) {
      const shown = JSON.stringify(text);
      compareResponse(ours, await llhttpResponse(bytes, method), method, shown);
      await forwardsTheSame(ours, method);
      await isNothingWithoutItsEnd(ours, text, { method, random });
    }
    return outcome(whole.messages, whole.fault?.detail);
  },
};

/** llhttp reads nothing after a 101 or after an interim response with `Connection: close`. */
function isBeyondOracle(messages: readonly Message<ResponseHead>[]): boolean {
  return messages.some(({ head }) => head.status === 101 || (head.status < 200 && head.connection.includes("close")));
}

async function checkRequests(text: string, random: Random): Promise<string> {
  const bytes = octets(text);
  const whole = readRequests([bytes]);
  const places = cutPlaces(bytes.length, random);
  assert.deepEqual(summary(readRequests(cut(bytes, places))), summary(whole), `in pieces at ${places.join()}`);
  if (whole.messages.length > 0) {
    compareRequests(whole, await llhttpRequests(bytes), JSON.stringify(text));
    for (const message of whole.messages) await forwardsTheSame(message, undefined);
  }
  return outcome(whole.messages, whole.fault?.detail);
}

/** The forwarded chunks must make the same body as the received ones, and end with them. */
async function forwardsTheSame(
  message: Message<RequestHead | ResponseHead>,
  method: string | undefined,
): Promise<void> {
  if (message.head.body.kind !== "chunked") return;
  const opinion =
    method === undefined
      ? await llhttpRequests(octets(CHUNKED_REQUEST + message.framed))
      : await llhttpResponse(octets(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${message.framed}`), "GET");
  const [read] = opinion.messages;
  assert.equal(read?.complete, message.complete, `passed on as ${JSON.stringify(message.framed)}`);
  assert.equal(read.body, message.body, `passed on as ${JSON.stringify(message.framed)}`);
  assert.ok(
    read.trailers.every((name, index) => index % 2 === 1 || !/^(host|authorization|content-length)$/i.test(name)),
  );
}

interface Case {
  readonly method: string;
  readonly random: Random;
}

/** A response that declares its own end and is cut anywhere before it is not complete. */
async function isNothingWithoutItsEnd(
  ours: Message<ResponseHead>,
  text: string,
  { method, random }: Case,
): Promise<void> {
  if (!ours.complete || ours.head.body.kind === "none") return;
  const headEnd = text.indexOf(ours.head.text) + ours.head.text.length;
  const end = ours.head.body.kind === "length" ? headEnd + ours.head.body.length : endOfChunks(ours, text, headEnd);
  if (end <= headEnd) return;
  const at = headEnd + below(end - headEnd, random);
  const part = readResponses([octets(text.slice(0, at))], method).messages.find(({ head }) => head.status >= 200);
  assert.equal(part?.complete ?? false, false, `cut at ${at} it still looks complete`);
  if (part?.head.body.kind === "chunked") await forwardsTheSame(part, method);
}

/** Finds the end of the first whole chunked body by reading it byte by byte. */
function endOfChunks(ours: Message<ResponseHead>, text: string, headEnd: number): number {
  for (let end = headEnd + 5; end <= text.length; end++) {
    if (!text.startsWith("\n", end - 1)) continue;
    const read = readResponses([octets(ours.head.text + text.slice(headEnd, end))]);
    if (read.messages.at(-1)?.complete === true) return end;
  }
  return headEnd;
}

function outcome(messages: readonly Message<unknown>[], fault: string | undefined): string {
  const whole = messages.filter(({ complete }) => complete).length;
  return `${whole} whole, ${messages.length - whole} begun, ${fault ?? "no fault"}`;
}
