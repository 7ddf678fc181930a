/** One response in every form in which HTTP/1.1 can carry it, and what a client concludes from how it ended. */
import { gzipSync } from "node:zlib";

import { readFinalResponse, valueOf } from "../../harness/raw-message.ts";
import { chunk, contentEvent, lastChunk, lastEvents, post, streamHead } from "../fixture.ts";

export interface ResponseForm {
  readonly name: string;
  /** `mark` is sent in the user agent and so appears in the record. */
  request(mark: string): string;
  /** The whole response of the upstream, and the end of its head. */
  readonly response: Buffer;
  readonly headLength: number;
  /** The end of the upstream's connection ends the body, so that a cut body looks like a whole one. */
  readonly endsWithConnection: boolean;
  /** The end of the client's connection tells the client that the body has ended. */
  readonly clientSeesEnd: boolean;
  /** As the client receives it. */
  readonly body: Buffer;
}

const json = JSON.stringify({
  model: "m-7",
  choices: [{ index: 0, message: { role: "assistant", content: "words ".repeat(10) }, finish_reason: "stop" }],
  usage: { prompt_tokens: 1_000_007, completion_tokens: 2_000_007, total_tokens: 3_000_014 },
});
const jsonType = "Content-Type: application/json";
const chunkedJson = [json.slice(0, 10), json.slice(10, 100), json.slice(100)].map((piece) => chunk(piece)).join("");
const events = contentEvent(7) + contentEvent(7, "another ") + lastEvents(7);
const chunkedEvents = chunk(contentEvent(7)) + chunk(contentEvent(7, "another ")) + chunk(lastEvents(7));
const zipped = gzipSync(json);

const http11 = (mark: string): string => post('{"model":"m-7"}', `User-Agent: ${mark}`);
const http10 = (mark: string): string => http11(mark).replace("HTTP/1.1", "HTTP/1.0");

function head(...lines: readonly string[]): string {
  return ["HTTP/1.1 200 OK", ...lines, "", ""].join("\r\n");
}

interface Shape {
  readonly head: string;
  readonly framedBody: string | Buffer;
  readonly body: string | Buffer;
  readonly oldClient?: boolean;
}

const shapes: Readonly<Record<string, Shape>> = {
  "JSON of known length": { head: head(jsonType, `Content-Length: ${json.length}`), framedBody: json, body: json },
  "chunked JSON": {
    head: head(jsonType, "Transfer-Encoding: chunked"),
    framedBody: chunkedJson + lastChunk,
    body: json,
  },
  "chunked JSON with a trailer": {
    head: head(jsonType, "Transfer-Encoding: chunked", "Trailer: X-Sum"),
    framedBody: `${chunkedJson}0\r\nX-Sum: 12\r\n\r\n`,
    body: json,
  },
  "an event stream": { head: streamHead, framedBody: chunkedEvents + lastChunk, body: events },
  "an event stream to an HTTP/1.0 client": {
    head: streamHead,
    framedBody: chunkedEvents + lastChunk,
    body: events,
    oldClient: true,
  },
  "gzipped JSON": {
    head: head(jsonType, "Content-Encoding: gzip", `Content-Length: ${zipped.length}`),
    framedBody: zipped,
    body: zipped,
  },
  "JSON until the connection ends": { head: head(jsonType), framedBody: json, body: json },
  "the same to an HTTP/1.0 client": { head: head(jsonType), framedBody: json, body: json, oldClient: true },
};

function formOf([name, shape]: [string, Shape]): ResponseForm {
  // The upstream ends its connection, and says so: otherwise the next request might be sent on it before its end arrives.
  const responseHead = shape.head.replace("\r\n", "\r\nConnection: close\r\n");
  const chunked = shape.head.includes("Transfer-Encoding");
  const endsWithConnection = !chunked && !shape.head.includes("Content-Length");
  const latin1 = (text: string | Buffer): Buffer => (typeof text === "string" ? Buffer.from(text, "latin1") : text);
  return {
    name,
    request: shape.oldClient === true ? http10 : http11,
    response: Buffer.concat([latin1(responseHead), latin1(shape.framedBody)]),
    headLength: responseHead.length,
    endsWithConnection,
    clientSeesEnd: shape.oldClient === true,
    body: latin1(shape.body),
  };
}

export const responseForms: readonly ResponseForm[] = Object.entries(shapes).map(formOf);

/** What the client received, and how the connection ended; `open` if the client had a whole response. */
export interface Received {
  readonly bytes: Buffer;
  readonly end: "open" | "end" | "reset";
}

/** The body that a client would take for whole; `undefined` if it would report an error. */
export function completeBody({ bytes, end }: Received): Buffer | undefined {
  // After a reset, only a body that declares its own end can be whole.
  const response = readFinalResponse(bytes, "POST", end === "end");
  if (response === undefined) return undefined;
  const framed = valueOf(response.lines, "content-length") ?? valueOf(response.lines, "transfer-encoding");
  return framed === undefined && end !== "end" ? undefined : response.body;
}
