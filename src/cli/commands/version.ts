import { Command } from "commander";
import manifest from "../../../package.json" with { type: "json" };
import { EXIT, printJson, type Terminal } from "../context/terminal.ts";

export function versionCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return new Command("version")
    .description("Print the version of LMGate and of Node.js.")
    .option("--json", "print one JSON document")
    .addHelpText("after", "\nExamples:\n  lmgate version\n  lmgate version --json")
    .action((options: { readonly json?: boolean }) => {
      if (options.json === true) printJson(terminal, { version: manifest.version, node: process.version });
      else terminal.stdout.write(`lmgate ${manifest.version} (node ${process.version})\n`);
      finish(EXIT.ok);
    });
}
