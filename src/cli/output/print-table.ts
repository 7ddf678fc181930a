import { styleText } from "node:util";
import { textTable } from "./text-table.ts";
import type { Terminal } from "../context/terminal.ts";

/** Prints rows below their headings: aligned on a terminal, tab-separated otherwise. */
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

/** Removes control and bidirectional characters, so that a text from a file or record cannot control the terminal. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, " ");
}
