import type { Terminal } from "./terminal.ts";

/** Makes text bold where that is wanted. https://no-color.org: any non-empty value of NO_COLOR switches it off. */
export function emphasis({ stdout, env }: Pick<Terminal, "stdout" | "env">): (text: string) => string {
  const plain = !stdout.isTTY || (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb";
  return plain ? (text) => text : (text) => `\u001b[1m${text}\u001b[22m`;
}
