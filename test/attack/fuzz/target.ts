import type { Random } from "./mutate.ts";

/** Something that bytes are thrown at. */
export interface Target {
  readonly name: TargetName;
  /** Latin1 text, one character a byte. */
  readonly seeds: readonly string[];
  /** What came of the bytes, in a word or two; rejects if something came of them that must not. */
  check(text: string, random: Random): Promise<string>;
}

export const CODEC_TARGETS = ["requests", "responses", "chunks"] as const;
export const GATEWAY_TARGETS = ["gateway-requests", "gateway-responses"] as const;
export const TARGETS = [...CODEC_TARGETS, ...GATEWAY_TARGETS] as const;
export type TargetName = (typeof TARGETS)[number];
