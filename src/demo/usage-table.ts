import type { RequestRecord } from "../core/request/request-record.ts";

export interface UsageTable {
  readonly columns: readonly { readonly heading: string; readonly align: "left" | "right" }[];
  readonly rows: readonly (readonly string[])[];
  readonly total: readonly string[];
}

const COLUMNS: UsageTable["columns"] = [
  { heading: "KEY", align: "left" },
  { heading: "OWNER", align: "left" },
  { heading: "MODEL", align: "left" },
  { heading: "REQUESTS", align: "right" },
  { heading: "INPUT", align: "right" },
  { heading: "OUTPUT", align: "right" },
  { heading: "TOTAL", align: "right" },
];

interface Sum {
  readonly id: string;
  readonly owner: string;
  readonly model: string;
  requests: number;
  /** `undefined` until the usage of a request is known: unknown is not zero. */
  input: number | undefined;
  output: number | undefined;
}

/** Sums usage by key and model, the largest first within a key. */
export function usageTable(records: readonly RequestRecord[]): UsageTable {
  const sums = new Map<string, Sum>();
  const total: Sum = { id: "total", owner: "", model: "", requests: 0, input: undefined, output: undefined };
  for (const record of records) {
    const model = record.model ?? "unknown";
    const group = JSON.stringify([record.lmgate_id, model]);
    const sum = sums.get(group) ?? emptySum(record, model);
    sums.set(group, sum);
    for (const each of [sum, total]) add(each, record);
  }
  const sorted = [...sums.values()].toSorted((a, b) => a.id.localeCompare(b.id) || tokens(b) - tokens(a));
  return { columns: COLUMNS, rows: sorted.map(cells), total: cells(total) };
}

function emptySum({ lmgate_id, owner = "" }: RequestRecord, model: string): Sum {
  return { id: lmgate_id ?? "unknown", owner, model, requests: 0, input: undefined, output: undefined };
}

function add(sum: Sum, record: RequestRecord): void {
  sum.requests += 1;
  if (record.usage_state === "replay") return; // The same usage, fetched a second time.
  // The totals include cached, tool and reasoning tokens; the plain counters are the provider's own.
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
  const isKnown = sum.input !== undefined || sum.output !== undefined;
  return [
    sum.id,
    sum.owner,
    sum.model,
    formatNumber(sum.requests),
    formatNumber(sum.input),
    formatNumber(sum.output),
    formatNumber(isKnown ? tokens(sum) : undefined),
  ];
}

function formatNumber(value: number | undefined): string {
  return value === undefined ? "—" : value.toLocaleString("en-US");
}

/** Parses the complete lines of a stats file. A last line without a line end is still being written. */
export function parseRecords(text: string): RequestRecord[] {
  const complete = text.slice(0, text.lastIndexOf("\n") + 1);
  // as: the ledger wrote every complete line from a `RequestRecord`.
  return complete.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as RequestRecord]));
}
