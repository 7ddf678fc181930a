/** Compares the fields of a record that its exchange determines with those in the exchange's file. */
import { isDeepStrictEqual } from "node:util";

import type { RequestRecord } from "../../src/core/request/request-record.ts";
import type { ExpectedRecord } from "./exchange.ts";

/** Fields that depend on the clock, the connection, the key, the prices or the ledger, or are compared only if a file has them. */
const NOT_OF_THE_EXCHANGE: ReadonlySet<string> = new Set([
  "timestamp",
  "lmgate_id",
  "provider",
  "endpoint",
  "masked_key",
  "id",
  "schema",
  "owner",
  "method",
  "duration_ms",
  "ttfb_ms",
  "ttft_ms",
  "request_bytes",
  "response_bytes",
  "error_code",
  "cost_usd",
  "cost_source",
  "usage_raw",
  "estimated_input_tokens",
  "estimated_output_tokens",
  "request_id",
  "user_agent",
  "client_ip",
  "tags",
  "session_id",
  "instance",
  "seq",
]);

/** The known fields that the exchange determines. */
function determined(record: Readonly<Record<string, unknown>>): ExpectedRecord {
  return Object.fromEntries(
    Object.entries(record).filter(
      ([name, value]) => value !== null && value !== undefined && !NOT_OF_THE_EXCHANGE.has(name),
    ),
  );
}

/** One line for each field that differs. */
export function differences(record: RequestRecord, expected: ExpectedRecord): readonly string[] {
  // The gateway's settings decide whether an unknown counter is estimated.
  const source = record.usage_source === "estimate" ? "none" : record.usage_source;
  const found: ExpectedRecord = { ...record, usage_source: source };
  const names = new Set([...Object.keys(determined(found)), ...Object.keys(expected)]);
  return [...names].flatMap((name) => {
    const [actual, wanted] = [found[name] ?? undefined, expected[name] ?? undefined];
    return isDeepStrictEqual(actual, wanted)
      ? []
      : [`${name} is ${JSON.stringify(actual)} instead of ${JSON.stringify(wanted)}`];
  });
}

/** The only fields compared if the client left before the end of the response. */
const COUNTERS = ["input_tokens", "output_tokens", "total_input_tokens", "total_output_tokens"] as const;

export function counterDifferences(record: RequestRecord, expected: ExpectedRecord): readonly string[] {
  return COUNTERS.flatMap((name) => {
    const [actual, wanted] = [record[name] ?? undefined, expected[name]];
    return actual === wanted ? [] : [`${name} is ${String(actual)} instead of ${String(wanted)}`];
  });
}
