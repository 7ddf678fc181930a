import { styleText } from "node:util";
import { Command, InvalidArgumentError } from "commander";
import { EXIT, type Terminal } from "../context/terminal.ts";
import { ProgressBar } from "../output/progress-bar.ts";
import { textTable } from "../output/text-table.ts";
import type { DemoOutput } from "../../demo/run-demo.ts";

const EXAMPLES = `
Examples:
  lmgate demo
  lmgate demo --once
  lmgate demo --records 1000000

Needs no network and no key. Writes only to a temporary directory, which is removed at the end.`;

export function demoCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return new Command("demo")
    .description(
      "Start simulated providers and a gateway, send traffic, show the recorded usage, and offer a dashboard.",
    )
    .option("--once", "exit after the table instead of waiting for Ctrl-C", false)
    .option("--records <count>", "number of records to generate for the past 30 days; 0 for none", recordCount, 40_000)
    .addHelpText("after", EXAMPLES)
    .action(async ({ once, records }: { readonly once: boolean; readonly records: number }) => {
      const { runDemo } = await import("../../demo/run-demo.ts");
      // --once shows no dashboard, so it does not spend time on a history.
      const options = { once, records: once ? 0 : records, env: terminal.env, output: demoOutput(terminal) };
      finish((await runDemo({ ...options, signals: process })) ? EXIT.ok : EXIT.failure);
    });
}

function recordCount(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 10_000_000)
    throw new InvalidArgumentError("Use a whole number from 0 to 10000000.");
  return value;
}

function demoOutput(terminal: Terminal): DemoOutput {
  const { stdout, stderr } = terminal;
  return {
    print: (...lines) => void stdout.write(`${lines.join("\n")}\n`),
    printError: (text) => void stderr.write(text),
    bold: (text) => styleText("bold", text, { stream: stdout }),
    formatTable: ({ columns, rows, total }) => textTable(columns, rows, total),
    showProgress: (label) => {
      const bar = new ProgressBar(terminal, label);
      return (done, total) => (done < total ? bar.update(done, total) : bar.clear());
    },
  };
}
