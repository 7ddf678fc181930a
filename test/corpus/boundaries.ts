/** The offsets at which the events of a response end, found without the readers under test. */
import type { ExpectedRecord, Response } from "./exchange.ts";

export interface Boundary {
  readonly at: number;
  /** The counters that were on the wire by then. */
  readonly counters: ExpectedRecord;
}

/** Empty if the response is not a stream of events. */
export function boundariesOf(response: Response): readonly Boundary[] {
  return endsOf(response).map((at) => ({
    at,
    counters: response.seen.findLast((seen) => seen.at <= at)?.counters ?? {},
  }));
}

function endsOf({ fields, body }: Response): readonly number[] {
  if (body[0] === 0) return frameEnds(body);
  const type = fields.find(([name]) => name === "content-type")?.[1].split(";", 1)[0] ?? "";
  if (type === "text/event-stream") return ends(body, /\r?\n\r?\n/g);
  return LINES.has(type) ? ends(body, /\n/g) : [];
}

const LINES: ReadonlySet<string> = new Set([
  "application/x-ndjson",
  "application/jsonl",
  "application/x-jsonl",
  "application/stream+json",
]);

function ends(body: Buffer, separator: RegExp): readonly number[] {
  // Latin-1 has one character per byte, so an index in the text is an offset in the body.
  return [...body.toString("latin1").matchAll(separator)].map((found) => found.index + found[0].length);
}

function frameEnds(body: Buffer): readonly number[] {
  const found: number[] = [];
  for (let at = 0; at + 4 <= body.length;) {
    at += body.readUInt32BE(at);
    if (at <= body.length) found.push(at);
  }
  return found;
}
