import { Command } from "commander";
import { ApiError, requestApiJson } from "../query/api-client.ts";
import { addServerOptions, reportError, findGateway, type DataSourceOptions } from "../query/data-source.ts";
import { EXIT, printJson, info, type Terminal } from "../context/terminal.ts";

const EXAMPLES = `
Examples:
  lmgate reload
  lmgate reload --server http://127.0.0.1:8081

The gateway watches the file; this is for those who want to know when it counts. Exit code 3 when the file is not valid.`;

interface ReloadOptions extends DataSourceOptions {
  readonly json?: boolean;
}

export function reloadCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addServerOptions(new Command("reload"))
    .description("Have the running gateway read its allow-list again, and say when every data thread goes by it.")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action(async (options: ReloadOptions) => finish(await reload(terminal, options)));
}

async function reload(terminal: Terminal, options: ReloadOptions): Promise<number> {
  try {
    const address = await findGateway(terminal, options);
    if (address === undefined) {
      info(terminal, "no gateway is running with this configuration");
      return EXIT.unreachable;
    }
    const answer = await requestApiJson(address, "/api/v1/reload", { method: "POST" });
    const { keys, version, acknowledgedBy } = answer as Reloaded; // of our own gateway
    if (options.json === true) printJson(terminal, answer);
    else {
      const threads = `${acknowledgedBy} data ${acknowledgedBy === 1 ? "thread" : "threads"}`;
      terminal.stdout.write(`${keys} keys in force on ${threads} (version ${version} since the start)\n`);
    }
    return EXIT.ok;
  } catch (error) {
    const code = reportError(terminal, error);
    // The gateway is there; what is wrong is the file.
    return error instanceof ApiError && error.status === 409 ? EXIT.invalid : code;
  }
}

interface Reloaded {
  readonly keys: number;
  readonly version: number;
  readonly acknowledgedBy: number;
}
