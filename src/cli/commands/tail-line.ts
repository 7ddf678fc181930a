import { styleText } from "node:util";
import type { RequestRow } from "../../store/schema/reader.ts";
import { formatDollars, UNKNOWN } from "../output/format-metric.ts";
import { printable } from "../output/print-table.ts";
import { pad, truncate } from "../output/text-table.ts";
import type { Terminal } from "../context/terminal.ts";

/** One request on one line, in columns of fixed width. */
export function recordSummaryLine(terminal: Terminal, row: RequestRow): string {
  const color = (format: "green" | "yellow" | "red", text: string): string =>
    styleText(format, text, { stream: terminal.stdout });
  const status = String(row.status ?? "---");
  const isFailed = row.error_type !== null;
  return [
    new Date(row.timestamp).toTimeString().slice(0, 8),
    color(isFailed ? (row.status !== null && row.status < 500 ? "yellow" : "red") : "green", status.padEnd(3)),
    fit(row.owner ?? row.lmgate_id ?? UNKNOWN, 14),
    fit(`${row.provider}/${row.model ?? UNKNOWN}`, 34),
    tokens(row.total_input_tokens).padStart(8),
    tokens(row.total_output_tokens).padStart(7),
    (row.cost_usd === null || row.cost_usd === undefined ? UNKNOWN : formatDollars(row.cost_usd)).padStart(9),
    seconds(row.duration_ms).padStart(7),
    isFailed ? color("red", printable([row.error_type, row.error_code].filter(Boolean).join(": "))) : "",
  ]
    .join("  ")
    .trimEnd();
}

function fit(text: string, width: number): string {
  return pad(truncate(printable(text), width), width);
}

function tokens(count: number | null | undefined): string {
  return count === null || count === undefined ? UNKNOWN : count.toLocaleString("en-US");
}

function seconds(milliseconds: number | null | undefined): string {
  return milliseconds === null || milliseconds === undefined ? UNKNOWN : `${(milliseconds / 1000).toFixed(2)} s`;
}
