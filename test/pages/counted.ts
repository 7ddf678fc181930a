// Computes the figures that pages must show from the lines of the ledger, with code that shares nothing with the store.
import { readFileSync } from "node:fs";
import type { RequestRecord } from "../../src/core/request/request-record.ts";

export interface Figures {
  readonly cost: number | null;
  readonly requests: number;
  readonly total_tokens: number | null;
  readonly input_tokens: number | null;
  readonly output_tokens: number | null;
  readonly error_rate: number;
}

export function readLedger(path: string): readonly RequestRecord[] {
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.filter(Boolean).map((line) => JSON.parse(line) as RequestRecord); // written by the gateway or the history
}

export interface Range {
  readonly from: number;
  readonly to: number;
}

export function inRange(records: readonly RequestRecord[], { from, to }: Range): readonly RequestRecord[] {
  return records.filter(({ timestamp }) => Date.parse(timestamp) >= from && Date.parse(timestamp) < to);
}

export function countFigures(records: readonly RequestRecord[]): Figures {
  const canUse = records.some(({ usage_state }) => usage_state !== "not_applicable");
  // Unknown if some request may have used tokens and none reports them; zero if no request can have used any.
  const sum = (of: (record: RequestRecord) => number | null | undefined): number | null => {
    const known = records.map(of).filter((value) => typeof value === "number");
    return known.length === 0 && canUse ? null : known.reduce((total, value) => total + value, 0);
  };
  return {
    cost: sum(({ cost_usd }) => cost_usd),
    requests: records.length,
    total_tokens: sum(({ total_tokens }) => total_tokens),
    input_tokens: sum(({ total_input_tokens, input_tokens }) => total_input_tokens ?? input_tokens),
    output_tokens: sum(({ total_output_tokens, output_tokens }) => total_output_tokens ?? output_tokens),
    error_rate: records.filter(({ error_type }) => error_type !== null).length / records.length,
  };
}

/** The figures by the text of their group, as the page writes it. */
export function countGroups(
  records: readonly RequestRecord[],
  nameOf: (record: RequestRecord) => string,
): Readonly<Record<string, Figures>> {
  const groups = Object.groupBy(records, nameOf);
  return Object.fromEntries(Object.entries(groups).map(([name, group = []]) => [name, countFigures(group)]));
}
