import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import type { RequestRow } from "../../store/schema/reader.ts";
import type { Terminal } from "../context/terminal.ts";
import { recordSummaryLine } from "./tail-line.ts";

// as: only stdout is used, and a stream that is not a terminal gets no colors.
const terminal = { stdout: new PassThrough() } as unknown as Terminal;

function row(fields: Partial<RequestRow>): RequestRow {
  // as: the line shows only these fields.
  return {
    timestamp: "2026-11-23T10:00:00.000Z",
    status: 200,
    error_type: null,
    owner: "anna",
    provider: "openai",
    model: "gpt-5",
    total_input_tokens: 1000,
    total_output_tokens: 20,
    cost_usd: 0.5,
    duration_ms: 1500,
    ...fields,
  } as RequestRow;
}

test("columns stay in place for owners of every script and length", () => {
  const columns = ["anna", "日本支社", "a-very-long-owner-name"].map((owner) =>
    recordSummaryLine(terminal, row({ owner })).replace(/^[\d:]{8}/, "hh:mm:ss"),
  );
  assert.deepEqual(columns, [
    "hh:mm:ss  200  anna            openai/gpt-5                           1,000       20      $0.50   1.50 s",
    "hh:mm:ss  200  日本支社        openai/gpt-5                           1,000       20      $0.50   1.50 s",
    "hh:mm:ss  200  a-very-long-o…  openai/gpt-5                           1,000       20      $0.50   1.50 s",
  ]);
});

test("unknown values are dashes, and an error is named at the end", () => {
  const line = recordSummaryLine(
    terminal,
    row({
      status: null,
      error_type: "client_aborted",
      total_input_tokens: undefined,
      cost_usd: null,
      duration_ms: undefined,
    }),
  );
  assert.match(line, /  ---  anna .*—.*—  client_aborted$/);
  const unreachable = row({ status: 502, error_type: "upstream_unreachable", error_code: "tls_expired" });
  assert.match(recordSummaryLine(terminal, unreachable), /  upstream_unreachable: tls_expired$/);
});
