/** What of a record an exchange decides, and how that compares with what the exchange's file says. */
import { isDeepStrictEqual } from "node:util";

import type { RequestRecord } from "../../src/core/request/request-record.ts";
import type { ExpectedRecord } from "./exchange.ts";

/** QueryPlan by the clock, the connection, the key, the price table or the ledger; or compared only where a file names them. */
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

/** The part of a record that its exchange decides, what is unknown left out. */
function decided(record: Readonly<Record<string, unknown>>): ExpectedRecord {
  return Object.fromEntries(
    Object.entries(record).filter(
      ([name, value]) => value !== null && value !== undefined && !NOT_OF_THE_EXCHANGE.has(name),
    ),
  );
}

/** One line for each field that is not as expected. */
export function differences(record: RequestRecord, expected: ExpectedRecord): readonly string[] {
  // That there is a guess beside the unknown depends on the gateway's settings.
  const source = record.usage_source === "estimate" ? "none" : record.usage_source;
  const found: ExpectedRecord = { ...record, usage_source: source };
  const names = new Set([...Object.keys(decided(found)), ...Object.keys(expected)]);
  return [...names].flatMap((name) => {
    const [is, should] = [found[name] ?? undefined, expected[name] ?? undefined];
    return isDeepStrictEqual(is, should)
      ? []
      : [`${name} is ${JSON.stringify(is)} instead of ${JSON.stringify(should)}`];
  });
}

/** The counters alone, for a call that ended before its answer did. */
const COUNTERS = ["input_tokens", "output_tokens", "total_input_tokens", "total_output_tokens"] as const;

export function counterDifferences(record: RequestRecord, expected: ExpectedRecord): readonly string[] {
  return COUNTERS.flatMap((name) => {
    const [is, should] = [record[name] ?? undefined, expected[name]];
    return is === should ? [] : [`${name} is ${String(is)} instead of ${String(should)}`];
  });
}
