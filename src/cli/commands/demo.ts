import { Command, InvalidArgumentError } from "commander";
import type { Terminal } from "../terminal.ts";

const EXAMPLES = `
Examples:
  lmgate demo
  lmgate demo --once
  lmgate demo --records 1000000

Needs no network and no key. Everything it writes is in a temporary directory that is removed at the end.`;

export function demoCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return new Command("demo")
    .description(
      "Start simulated providers and a gateway before them, send traffic, show what was recorded, and open a dashboard on it.",
    )
    .option("--once", "end after the table instead of waiting for Ctrl-C", false)
    .option("--records <count>", "how many calls to make up for the 30 days before; 0 for none", count, 40_000)
    .addHelpText("after", EXAMPLES)
    .action(async ({ once, records }: { readonly once: boolean; readonly records: number }) => {
      const { runDemo } = await import("../../demo/run-demo.ts");
      // Whoever wants the table alone shall not wait for a month.
      finish(await runDemo({ once, records: once ? 0 : records, terminal, signals: process }));
    });
}

function count(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 10_000_000)
    throw new InvalidArgumentError("Allowed are whole numbers up to 10000000.");
  return value;
}
