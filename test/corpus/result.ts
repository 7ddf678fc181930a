import type { RequestRecord } from "../../src/core/request/request-record.ts";
import type { ExpectedRecord } from "./exchange.ts";
import type { CorpusFile } from "./load.ts";
import type { Mode } from "./modes.ts";

export const SESSION_MODES = ["frames", "fragments", "deflated", "frames byte by byte"] as const;

export type SessionMode = (typeof SESSION_MODES)[number];

/** One record and its comparison with the corpus file. */
export interface Result {
  readonly file: CorpusFile;
  readonly mode: Mode | SessionMode;
  /** The request of the exchange and the variant, for the failure message. */
  readonly what: string;
  readonly expected: ExpectedRecord;
  readonly record: RequestRecord | undefined;
  /** Empty if the record is as expected. */
  readonly failures: readonly string[];
}
