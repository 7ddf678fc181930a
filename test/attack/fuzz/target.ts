import type { Random } from "./mutate.ts";

/** Something that the fuzzer sends bytes to. */
export interface Target {
  readonly name: TargetName;
  /** Latin1 text, one character per byte. */
  readonly seeds: readonly string[];
  /** Resolves to a short description of the outcome. Rejects if the outcome is wrong. */
  check(text: string, random: Random): Promise<string>;
}

export const CODEC_TARGETS = ["requests", "responses", "chunks"] as const;
export const GATEWAY_TARGETS = ["gateway-requests", "gateway-responses"] as const;
export const TARGETS = [...CODEC_TARGETS, ...GATEWAY_TARGETS] as const;
export type TargetName = (typeof TARGETS)[number];
