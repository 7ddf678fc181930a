import { createInterface } from "node:readline/promises";
import { EXIT, info, type ExitCode, type Terminal } from "./terminal.ts";

/** Asks for confirmation on stderr. Returns an exit code if there is no terminal to ask on, or if it is not given. */
export async function confirm(terminal: Terminal, prompt: string, details: () => void): Promise<ExitCode | undefined> {
  const { stdin, stderr } = terminal;
  if (!stdin.isTTY) {
    info(terminal, "cannot ask for confirmation without a terminal; use --yes");
    return EXIT.usage;
  }
  details();
  const lines = createInterface({ input: stdin, output: stderr });
  try {
    const input = await lines.question(`${prompt} [y/N] `);
    return /^y(?:es)?$/i.test(input.trim()) ? undefined : EXIT.failure;
  } finally {
    lines.close();
  }
}
