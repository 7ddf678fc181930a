import { textTable } from "./text-table.ts";
import type { Terminal } from "./terminal.ts";

/**
 * Rows under a head: aligned for people on a terminal, tab-separated for programs otherwise, with the same words in
 * the same order.
 */
export function printTable(terminal: Terminal, head: readonly string[], rows: readonly (readonly string[])[]): void {
  const { stdout, env } = terminal;
  const cells = rows.map((row) => row.map(printable));
  if (!stdout.isTTY) {
    for (const row of [head, ...cells]) stdout.write(`${row.join("\t")}\n`);
    return;
  }
  const [first = "", ...rest] = textTable(
    head.map((heading) => ({ heading, align: "left" })),
    cells,
  );
  stdout.write(`${[bold(first, env), ...rest].join("\n")}\n`);
}

/** What an owner's name holds must not reach the terminal as a command to it. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, " ");
}

/** https://no-color.org */
function bold(text: string, env: Terminal["env"]): string {
  const plain = (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb";
  return plain ? text : `\u001b[1m${text}\u001b[22m`;
}
