/**
 * The ways in which one answer can come: in what coding and framing, cut where, with which line ends, left by the client
 * after which event. Each is a play.
 */
import zlib from "node:zlib";

import { boundariesOf } from "./boundaries.ts";
import type { ExpectedRecord, Step } from "./exchange.ts";

export const MODES = [
  "whole",
  "chunked",
  "until close",
  "byte by byte",
  "cut in two",
  "LF, CRLF, CR",
  "gzip",
  "deflate",
  "br",
  "zstd",
  "client leaves",
] as const;

export type Mode = (typeof MODES)[number];

export interface Play {
  readonly mode: Mode;
  /** What else there is to say of it when it fails. */
  readonly about: string;
  /** How the body of the answer is delimited. */
  readonly delimiting: "length" | "chunked" | "close";
  readonly contentEncoding: string | undefined;
  /** What passes in the place of the body. */
  readonly dressed: (body: Buffer) => Buffer;
  /** Where one write ends and the next begins; each is waited for at the other end. `every` is behind every byte. */
  readonly cuts: readonly number[] | "every";
  /** The client leaves when it has all that is sent; then only the counters are known. */
  readonly left: ExpectedRecord | undefined;
}

/** How many plays of one kind an exchange has at most. */
export interface Extent {
  readonly cuts: number;
  readonly leaves: number;
  /** Longer bodies are not sent byte by byte. */
  readonly bytewise: number;
}

/** All plays of a step. Of the positions in a long body only a sample, whose places `random` chooses. */
export function playsOf(step: Step, extent: Extent, random: () => number): readonly Play[] {
  const { body, end } = step.response;
  const plays: Play[] = [
    play("whole", {}),
    play("chunked", { delimiting: "chunked", cuts: sampled(body.length, 2, random) }),
    ...sampled(body.length, extent.cuts, random).map((at) => play("cut in two", { cuts: [at], about: `at ${at}` })),
    ...lineEnds(step, random),
  ];
  if (body.length <= extent.bytewise) plays.push(play("byte by byte", { delimiting: "chunked", cuts: "every" }));
  if (end !== "complete") return plays;
  const untilClose = play("until close", { delimiting: "close", cuts: sampled(body.length, 1, random) });
  return [...plays, untilClose, ...codings(step, extent, random), ...leaves(step, extent, random)];
}

function play(mode: Mode, over: Partial<Omit<Play, "mode">>): Play {
  return {
    mode,
    about: "",
    delimiting: "length",
    contentEncoding: undefined,
    dressed: (body) => body,
    cuts: [],
    left: undefined,
    ...over,
  };
}

function lineEnds({ response }: Step, random: () => number): readonly Play[] {
  const isEvents = response.fields.some(([name, value]) => name === "content-type" && value.startsWith("text/event"));
  if (!isEvents || response.end !== "complete") return [];
  const cuts = sampled(response.body.length, 2, random);
  return Object.entries({ LF: "\n", CRLF: "\r\n", CR: "\r" }).map(([about, end]) =>
    play("LF, CRLF, CR", {
      about,
      cuts,
      delimiting: "chunked",
      dressed: (body) => Buffer.from(body.toString("latin1").replaceAll(/\r\n|\n/g, end), "latin1"),
    }),
  );
}

const ENCODERS = {
  gzip: (body: Buffer) => zlib.gzipSync(body, { level: 1 }),
  deflate: (body: Buffer) => zlib.deflateSync(body, { level: 1 }),
  br: (body: Buffer) => zlib.brotliCompressSync(body, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } }),
  zstd: (body: Buffer) => zlib.zstdCompressSync(body),
} as const;

function codings({ response }: Step, extent: Extent, random: () => number): readonly Play[] {
  if (response.fields.some(([name]) => name === "content-encoding")) return [];
  return Object.entries(ENCODERS).flatMap(([coding, dressed]) => {
    const mode = coding as keyof typeof ENCODERS; // The keys of the table above.
    const packed = dressed(response.body).length;
    const cuts = packed <= extent.bytewise / 4 ? "every" : sampled(packed, 8, random);
    return [
      play(mode, { contentEncoding: coding, dressed }),
      play(mode, { about: "in pieces", contentEncoding: coding, dressed, delimiting: "chunked", cuts }),
    ];
  });
}

function leaves({ response, record }: Step, extent: Extent, random: () => number): readonly Play[] {
  if (response.status >= 400 || record["usage_state"] === "replay") return [];
  const boundaries = boundariesOf(response);
  return sampled(boundaries.length + 1, extent.leaves, random).flatMap((number) => {
    const boundary = boundaries[number - 1];
    if (boundary === undefined) return [];
    return play("client leaves", {
      about: `behind event ${number}`,
      delimiting: "chunked",
      dressed: (body) => body.subarray(0, boundary.at),
      left: boundary.counters,
    });
  });
}

/** Up to `most` different positions within a length, both ends excluded, in order. */
function sampled(length: number, most: number, random: () => number): readonly number[] {
  if (length - 1 <= most) return Array.from({ length: Math.max(0, length - 1) }, (_, index) => index + 1);
  const chosen = new Set<number>();
  while (chosen.size < most) chosen.add(1 + Math.floor(random() * (length - 1)));
  return [...chosen].toSorted((a, b) => a - b);
}
