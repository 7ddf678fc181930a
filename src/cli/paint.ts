import type { Terminal } from "./terminal.ts";

const CODES = { green: 32, yellow: 33, red: 31, dim: 2 } as const;

/** Colors, where stdout is a terminal that wants them. https://no-color.org, and FORCE_COLOR the other way round. */
export function paint({
  stdout,
  env,
}: Pick<Terminal, "stdout" | "env">): (color: keyof typeof CODES, text: string) => string {
  const isForced = (env["FORCE_COLOR"] ?? "") !== "" && env["FORCE_COLOR"] !== "0";
  const isWanted = isForced || (stdout.isTTY && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb");
  return isWanted ? (color, text) => `\u001b[${CODES[color]}m${text}\u001b[0m` : (_, text) => text;
}
