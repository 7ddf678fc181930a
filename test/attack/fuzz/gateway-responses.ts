/** Damaged responses: the client must get the same response, one that does not look complete, or LMGate's own; never more. */
import assert from "node:assert/strict";
import type { Socket } from "node:net";

import { llhttpResponse, failedOnTrailers, type LlhttpMessage } from "../../../src/wire/llhttp.test.ts";
import { cut, octets, readResponses, type Message } from "../../../src/wire/replay.test.ts";
import type { ResponseHead } from "../../../src/wire/response-head.ts";
import { readResponse, statusOf, type RawMessage } from "../../harness/raw-message.ts";
import { KEY_FIELD } from "../attack-fixture.ts";
import { isForOneHop, namedByConnection, pairs, type Pair } from "./fields.ts";
import type { Exchange } from "../raw-exchange.ts";
import type { Lane } from "./lane.ts";
import { cutPlaces, pick, type Random } from "./mutate.ts";

const METHODS = ["GET", "GET", "GET", "HEAD", "POST"] as const;

type Ending = "end" | "reset" | "open";

interface SentResponse {
  readonly text: string;
  readonly method: string;
  readonly ending: Ending;
}

export async function responseCheck(lane: Lane, text: string, random: Random): Promise<string> {
  const method = pick(METHODS, random);
  const ours = readFinal(text, method);
  // An upstream that stays connected must have sent everything, or the case would last until a timeout.
  const ending = pick<Ending>(
    ours?.complete === true ? ["end", "reset", "open", "open"] : ["end", "end", "reset"],
    random,
  );
  const pieces = cut(octets(text), cutPlaces(text.length, random));
  lane.upstream.respond = (socket) => sendResponse(socket, pieces, ending);
  const framing = method === "POST" ? "Content-Length: 0\r\n" : "";
  const exchange = await lane.exchange(
    `${method} /${lane.name}/v1/x HTTP/1.1\r\nHost: a\r\n${KEY_FIELD}\r\n${framing}\r\n`,
  );
  lane.upstream.requests.length = 0;

  const sent = { text, method, ending };
  assertNothingAfter(exchange, sent);
  const actual = (await llhttpResponse(exchange.received, method)).messages[0];
  if (actual === undefined || isOwn(actual, text)) {
    const isWhole = ours !== undefined && (ours.complete || ours.head.body.kind === "until-close");
    assert.ok(!isWhole || ending === "reset", `a whole response did not arrive; received ${show(exchange)}`);
    return actual === undefined ? "no response" : `LMGate's ${actual.status}`;
  }
  const complete = actual.complete && !(exchange.reset && !declaresItsEnd(actual, method));
  const isMeantWhole = ours?.complete === true || (ours?.head.body.kind === "until-close" && ending === "end");
  if (ending !== "reset" && isMeantWhole) assert.ok(complete, `a whole response was cut; received ${show(exchange)}`);
  await compareWithUpstream(actual, complete, { sent, exchange });
  return `${actual.status}, ${complete ? "complete" : "cut"}`;
}

/** The final response; `undefined` after a 101 that the client did not ask for. */
function readFinal(text: string, method: string): Message<ResponseHead> | undefined {
  const found = readResponses([octets(text)], method).messages.find(
    ({ head }) => head.status >= 200 || head.status === 101,
  );
  return found?.head.status === 101 ? undefined : found;
}

function sendResponse(socket: Socket, pieces: readonly Buffer[], ending: Ending): void {
  for (const piece of pieces) socket.write(piece);
  if (ending === "end") socket.end();
  if (ending === "reset") setImmediate(() => socket.resetAndDestroy());
}

interface Seen {
  readonly sent: SentResponse;
  readonly exchange: Exchange;
}

async function compareWithUpstream(
  actual: LlhttpMessage,
  complete: boolean,
  { sent: expected, exchange }: Seen,
): Promise<void> {
  const { text, method, ending } = expected;
  const opinion = await llhttpResponse(octets(withoutInterimClose(text)), method);
  const [up] = opinion.messages;
  const shown = `received ${show(exchange)}`;
  assert.ok(up, `a response that the upstream did not send; ${shown}`);
  // A body that the upstream ends with its connection ends with LMGate's last chunk.
  const chunksAdded: readonly Pair[] = declaresItsEnd(up, method) ? [] : [["Transfer-Encoding", "chunked"]];
  assert.deepEqual(
    { status: actual.status, version: actual.version, fields: endToEnd(pairs(actual.fields)) },
    { status: up.status, version: "1.1", fields: [...endToEnd(pairs(up.fields)), ...chunksAdded] },
    shown,
  );
  if (!complete) {
    assert.ok(up.body.startsWith(actual.body), `another body; ${shown}`);
    return;
  }
  if (!up.complete && failedOnTrailers(opinion)) return;
  assert.ok(up.complete, `a part looks complete; ${shown}`);
  // The end of such a body cannot be told from a cut.
  assert.ok(ending !== "reset" || declaresItsEnd(up, method), `what was reset looks complete; ${shown}`);
  assert.equal(actual.body, up.body, shown);
}

/** llhttp reads nothing after an interim response with `Connection: close`. */
function withoutInterimClose(text: string): string {
  const final = readFinal(text, "GET");
  const at = final === undefined ? 0 : text.indexOf(final.head.text);
  return text.slice(0, at).replace(/(?<=\n)connection(?=:)/gi, "x-connection") + text.slice(at);
}

/** Fields for this hop, including those that `Connection` names; framing fields stay in any case. */
function endToEnd(fields: readonly Pair[]): readonly Pair[] {
  const named = namedByConnection(fields);
  return fields.filter(([field]) => {
    const name = field.toLowerCase();
    if (name === "transfer-encoding" || name === "content-length") return true;
    return !isForOneHop(name) && name !== "upgrade" && !named.has(name);
  });
}

function declaresItsEnd({ fields, status }: LlhttpMessage, method: string): boolean {
  if (method === "HEAD" || status === 204 || status === 304) return true;
  return pairs(fields).some(([name]) => /^(transfer-encoding|content-length)$/i.test(name));
}

function isOwn({ fields }: LlhttpMessage, text: string): boolean {
  return pairs(fields).some(([name]) => name === "x-lmgate-error") && !/x-lmgate-error/i.test(text);
}

/** One response, then at most the health response, and nothing that the upstream sent after its response. */
function assertNothingAfter({ received, reset }: Exchange, { method }: SentResponse): void {
  const finals: RawMessage[] = [];
  for (let rest = received; rest.length > 0;) {
    const message = readResponse(rest, finals.length === 0 ? method : "GET", !reset);
    if (message === undefined) break;
    if (statusOf(message) >= 200) finals.push(message);
    rest = rest.subarray(message.length);
  }
  assert.ok(finals.length <= 2, `${finals.length} responses: ${JSON.stringify(received.toString("latin1"))}`);
  const [, second] = finals;
  if (second !== undefined) assert.equal(second.body.toString("latin1"), "ok", "the second response is not LMGate's");
}

function show({ received, reset }: Exchange): string {
  return `${JSON.stringify(received.toString("latin1"))}${reset ? " and a reset" : ""}`;
}
