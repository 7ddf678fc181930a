import type { RequestRecord } from "../core/request/request-record.ts";
import { textTable, type Column } from "../cli/output/text-table.ts";

const columns: readonly Column[] = [
  { heading: "KEY", align: "left" },
  { heading: "OWNER", align: "left" },
  { heading: "MODEL", align: "left" },
  { heading: "CALLS", align: "right" },
  { heading: "INPUT", align: "right" },
  { heading: "OUTPUT", align: "right" },
  { heading: "TOTAL", align: "right" },
];

interface Sum {
  readonly id: string;
  readonly owner: string;
  readonly model: string;
  calls: number;
  /** `undefined` until a call is known to have used something: unknown is not zero. */
  input: number | undefined;
  output: number | undefined;
}

/** What each key and model used, largest first within a key, with a line of sums at the end. */
export function usageTable(records: readonly RequestRecord[]): readonly string[] {
  const sums = new Map<string, Sum>();
  const total: Sum = { id: "total", owner: "", model: "", calls: 0, input: undefined, output: undefined };
  for (const record of records) {
    const model = record.model ?? "unknown";
    const name = JSON.stringify([record.lmgate_id, model]);
    const sum = sums.get(name) ?? emptySum(record, model);
    sums.set(name, sum);
    for (const each of [sum, total]) add(each, record);
  }
  const sorted = [...sums.values()].toSorted((a, b) => a.id.localeCompare(b.id) || tokens(b) - tokens(a));
  const lines = textTable(columns, [...sorted, total].map(cells));
  const rule = "-".repeat(Math.max(...lines.map((line) => line.length)));
  return [...lines.slice(0, -1), rule, ...lines.slice(-1)];
}

function emptySum({ lmgate_id, owner = "" }: RequestRecord, model: string): Sum {
  return { id: lmgate_id ?? "unknown", owner, model, calls: 0, input: undefined, output: undefined };
}

function add(sum: Sum, record: RequestRecord): void {
  sum.calls += 1;
  if (record.usage_state === "replay") return; // The same use, fetched a second time.
  // The totals have cached, tool and reasoning tokens in them; the plain counters are the provider's own.
  sum.input = plus(sum.input, record.total_input_tokens ?? record.input_tokens);
  sum.output = plus(sum.output, record.total_output_tokens ?? record.output_tokens);
}

function plus(sum: number | undefined, value: number | null): number | undefined {
  return value === null ? sum : (sum ?? 0) + value;
}

function tokens({ input = 0, output = 0 }: Sum): number {
  return input + output;
}

function cells(sum: Sum): readonly string[] {
  const known = sum.input !== undefined || sum.output !== undefined;
  return [
    sum.id,
    sum.owner,
    sum.model,
    grouped(sum.calls),
    grouped(sum.input),
    grouped(sum.output),
    grouped(known ? tokens(sum) : undefined),
  ];
}

function grouped(value: number | undefined): string {
  return value === undefined ? "—" : value.toLocaleString("en-US");
}

/** Whole lines of a stats file; a line still being written is no record yet. */
export function parseRecords(text: string): RequestRecord[] {
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  // Every whole line was written by the ledger from a `RequestRecord`.
  return whole.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as RequestRecord]));
}
