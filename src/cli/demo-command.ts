import { Command } from "commander";
import type { Terminal } from "./terminal.ts";

const EXAMPLES = `
Examples:
  lmgate demo          run until Ctrl-C
  lmgate demo --once   print the table and end`;

export function demoCommand({ env, stdout, stderr }: Terminal, finish: (code: number) => void): Command {
  return new Command("demo")
    .description(
      "Start simulated providers and a gateway, send some traffic, show what was counted. No network, no key.",
    )
    .option("--once", "end after the table instead of waiting for Ctrl-C")
    .addHelpText("after", EXAMPLES)
    .action(async (options: { readonly once?: boolean }) => {
      const { runDemo } = await import("./demo.ts");
      finish(await runDemo({ once: options.once === true, stdout, stderr, env, signals: process }));
    });
}
