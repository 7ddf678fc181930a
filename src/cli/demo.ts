import { Command } from "commander";
import type { Terminal } from "./terminal.ts";

const EXAMPLES = `
Examples:
  lmgate demo
  lmgate demo --once

Needs no network and no key. Everything it writes is in a temporary directory that is removed at the end.`;

export function demoCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return new Command("demo")
    .description("Start simulated providers and a gateway before them, send some traffic and show what was recorded.")
    .option("--once", "end after the table instead of waiting for Ctrl-C", false)
    .addHelpText("after", EXAMPLES)
    .action(async (options: { readonly once: boolean }) => {
      const { runDemo } = await import("./demo-run.ts");
      finish(await runDemo({ once: options.once, terminal, signals: process }));
    });
}
