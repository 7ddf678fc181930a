/** The accuracy of the records: tokens recorded, divided by the tokens that the corpus files say were on the wire. */
import type { Result } from "./result.ts";

type Counters = Readonly<Record<string, unknown>>;

export interface Cell {
  variants: number;
  /** Records that differ in any field. */
  differing: number;
  readonly wire: Tokens;
  readonly recorded: Tokens;
}

interface Tokens {
  input: number;
  output: number;
}

/** The results by dialect and mode. */
export function tabulate(results: readonly Result[]): ReadonlyMap<string, ReadonlyMap<string, Cell>> {
  const table = new Map<string, Map<string, Cell>>();
  for (const result of results) {
    const row = table.get(result.file.exchange.dialect) ?? new Map<string, Cell>();
    table.set(result.file.exchange.dialect, row);
    const cell = row.get(result.mode) ?? emptyCell();
    row.set(result.mode, cell);
    cell.variants += 1;
    if (result.failures.length > 0) cell.differing += 1;
    add(cell.wire, result.expected);
    if (result.record !== undefined) add(cell.recorded, { ...result.record });
  }
  return table;
}

export function emptyCell(): Cell {
  return { variants: 0, differing: 0, wire: { input: 0, output: 0 }, recorded: { input: 0, output: 0 } };
}

export function addCell(to: Cell, from: Cell): void {
  to.variants += from.variants;
  to.differing += from.differing;
  for (const side of ["input", "output"] as const) {
    to.wire[side] += from.wire[side];
    to.recorded[side] += from.recorded[side];
  }
}

/** Adds up as readers of the ledger do: replays are left out, and totals are used if there are any. */
function add(tokens: Tokens, counters: Counters): void {
  if (counters["usage_state"] === "replay") return;
  tokens.input += Number(counters["total_input_tokens"] ?? counters["input_tokens"] ?? 0);
  tokens.output += Number(counters["total_output_tokens"] ?? counters["output_tokens"] ?? 0);
}

/** `1.000` means exactly equal. */
export function ratio(cell: Cell, side: "input" | "output"): string {
  const [wire, recorded] = [cell.wire[side], cell.recorded[side]];
  if (wire === recorded) return wire === 0 ? "none" : "1.000";
  return wire === 0 ? "∞" : (recorded / wire).toFixed(6);
}
