import { Command } from "commander";
import { verifyCommand } from "./ledger-verify.ts";
import type { Terminal } from "../../context/terminal.ts";

const EXAMPLES = `
Examples:
  lmgate ledger verify`;

export function ledgerCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return new Command("ledger")
    .description("Verify the stats files.")
    .addHelpText("after", EXAMPLES)
    .addCommand(verifyCommand(terminal, finish));
}
