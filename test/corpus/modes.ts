/**
 * The variants in which one response can be sent: its coding and framing, where it is split, its line ends, and whether the
 * client leaves after an event.
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

export interface Variant {
  readonly mode: Mode;
  /** Details for the failure message. */
  readonly detail: string;
  /** How the body of the response is delimited. */
  readonly delimiting: "length" | "chunked" | "close";
  readonly contentEncoding: string | undefined;
  /** Returns the bytes that are sent for the body. */
  readonly encode: (body: Buffer) => Buffer;
  /** The offsets between two writes; each is awaited at the client. `every` splits after every byte. */
  readonly cuts: readonly number[] | "every";
  /** The counters to expect if the client leaves after all that is sent; `undefined` if it does not leave. */
  readonly left: ExpectedRecord | undefined;
}

/** The largest number of variants of one kind for each exchange. */
export interface Extent {
  readonly cuts: number;
  readonly leaves: number;
  /** Bodies up to this length are also sent byte by byte. */
  readonly bytewise: number;
}

/** All variants of a step. In a long body only a random sample of the positions is split. */
export function variantsOf(step: Step, extent: Extent, random: () => number): readonly Variant[] {
  const { body, end } = step.response;
  const variants: Variant[] = [
    variant("whole", {}),
    variant("chunked", { delimiting: "chunked", cuts: samplePositions(body.length, 2, random) }),
    ...samplePositions(body.length, extent.cuts, random).map((at) =>
      variant("cut in two", { cuts: [at], detail: `at ${at}` }),
    ),
    ...lineEnds(step, random),
  ];
  if (body.length <= extent.bytewise) variants.push(variant("byte by byte", { delimiting: "chunked", cuts: "every" }));
  if (end !== "complete") return variants;
  const untilClose = variant("until close", { delimiting: "close", cuts: samplePositions(body.length, 1, random) });
  return [...variants, untilClose, ...codings(step, extent, random), ...clientLeaves(step, extent, random)];
}

function variant(mode: Mode, options: Partial<Omit<Variant, "mode">>): Variant {
  return {
    mode,
    detail: "",
    delimiting: "length",
    contentEncoding: undefined,
    encode: (body) => body,
    cuts: [],
    left: undefined,
    ...options,
  };
}

function lineEnds({ response }: Step, random: () => number): readonly Variant[] {
  const isEvents = response.fields.some(([name, value]) => name === "content-type" && value.startsWith("text/event"));
  if (!isEvents || response.end !== "complete") return [];
  const cuts = samplePositions(response.body.length, 2, random);
  return Object.entries({ LF: "\n", CRLF: "\r\n", CR: "\r" }).map(([detail, end]) =>
    variant("LF, CRLF, CR", {
      detail,
      cuts,
      delimiting: "chunked",
      encode: (body) => Buffer.from(body.toString("latin1").replaceAll(/\r\n|\n/g, end), "latin1"),
    }),
  );
}

const ENCODERS = {
  gzip: (body: Buffer) => zlib.gzipSync(body, { level: 1 }),
  deflate: (body: Buffer) => zlib.deflateSync(body, { level: 1 }),
  br: (body: Buffer) => zlib.brotliCompressSync(body, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } }),
  zstd: (body: Buffer) => zlib.zstdCompressSync(body),
} as const;

function codings({ response }: Step, extent: Extent, random: () => number): readonly Variant[] {
  if (response.fields.some(([name]) => name === "content-encoding")) return [];
  return Object.entries(ENCODERS).flatMap(([coding, encode]) => {
    const mode = coding as keyof typeof ENCODERS; // Reason for the cast: the keys are those of ENCODERS.
    const encoded = encode(response.body).length;
    const cuts = encoded <= extent.bytewise / 4 ? "every" : samplePositions(encoded, 8, random);
    return [
      variant(mode, { contentEncoding: coding, encode }),
      variant(mode, { detail: "in pieces", contentEncoding: coding, encode, delimiting: "chunked", cuts }),
    ];
  });
}

function clientLeaves({ response, record }: Step, extent: Extent, random: () => number): readonly Variant[] {
  if (response.status >= 400 || record["usage_state"] === "replay") return [];
  const boundaries = boundariesOf(response);
  return samplePositions(boundaries.length + 1, extent.leaves, random).flatMap((number) => {
    const boundary = boundaries[number - 1];
    if (boundary === undefined) return [];
    return variant("client leaves", {
      detail: `after event ${number}`,
      delimiting: "chunked",
      encode: (body) => body.subarray(0, boundary.at),
      left: boundary.counters,
    });
  });
}

/** Up to `most` different positions inside the length, in order. */
function samplePositions(length: number, most: number, random: () => number): readonly number[] {
  if (length - 1 <= most) return Array.from({ length: Math.max(0, length - 1) }, (_, index) => index + 1);
  const chosen = new Set<number>();
  while (chosen.size < most) chosen.add(1 + Math.floor(random() * (length - 1)));
  return [...chosen].toSorted((a, b) => a - b);
}
