import type { RequestRecord } from "../../src/core/request/request-record.ts";
import type { ExpectedRecord } from "./exchange.ts";
import type { CorpusFile } from "./load.ts";
import type { Mode } from "./modes.ts";

export const TALK_MODES = ["frames", "fragments", "deflated", "frames byte by byte"] as const;

export type TalkMode = (typeof TALK_MODES)[number];

/** One record that was played for. */
export interface Result {
  readonly file: CorpusFile;
  readonly mode: Mode | TalkMode;
  /** What a person would look for: which call of the exchange, in which play. */
  readonly what: string;
  readonly expected: ExpectedRecord;
  readonly record: RequestRecord | undefined;
  /** Empty when the record is as it must be. */
  readonly faults: readonly string[];
}
