import { styleText } from "node:util";
import { textTable } from "./text-table.ts";
import type { Terminal } from "../context/terminal.ts";

/**
 * Rows under a head: aligned for people on a terminal, tab-separated for programs otherwise, with the same words in
 * the same order.
 */
export function printTable(terminal: Terminal, head: readonly string[], rows: readonly (readonly string[])[]): void {
  const { stdout } = terminal;
  const cells = rows.map((row) => row.map(printable));
  if (!stdout.isTTY) {
    for (const row of [head, ...cells]) stdout.write(`${row.join("\t")}\n`);
    return;
  }
  const [first = "", ...rest] = textTable(
    head.map((heading) => ({ heading, align: "left" })),
    cells,
  );
  stdout.write(`${[styleText("bold", first, { stream: stdout }), ...rest].join("\n")}\n`);
}

/** What an owner's name holds must not reach the terminal as a command to it, nor turn around what stands beside it. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, " ");
}
