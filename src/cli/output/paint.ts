import type { Terminal } from "../terminal.ts";

const CODES = { bold: 1, green: 32, yellow: 33, red: 31 } as const;

/** Paints text, where stdout is a terminal that wants it. */
export function paint(terminal: Pick<Terminal, "stdout" | "env">): (style: keyof typeof CODES, text: string) => string {
  if (!isWanted(terminal)) return (_, text) => text;
  return (style, text) => `\u001b[${CODES[style]}m${text}\u001b[0m`;
}

/** Makes text bold where that is wanted. */
export function emphasis(terminal: Pick<Terminal, "stdout" | "env">): (text: string) => string {
  const painted = paint(terminal);
  return (text) => painted("bold", text);
}

/** https://no-color.org: any value of NO_COLOR switches it off. FORCE_COLOR is the stronger: who sets it means this. */
function isWanted({ stdout, env }: Pick<Terminal, "stdout" | "env">): boolean {
  const forced = env["FORCE_COLOR"] ?? "";
  if (forced !== "") return forced !== "0" && forced !== "false";
  return stdout.isTTY && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
}
