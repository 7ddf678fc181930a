import { Command } from "commander";
import { ApiError, requestApiJson } from "../query/api-client.ts";
import { addServerOptions, reportError, findGateway, type DataSourceOptions } from "../query/data-source.ts";
import { formatCount } from "../output/format-bytes.ts";
import { EXIT, printJson, info, type Terminal } from "../context/terminal.ts";

const EXAMPLES = `
Examples:
  lmgate reload
  lmgate reload --server http://127.0.0.1:8081

The gateway also reloads the file by itself; this command waits until the change is in force. Exit code 3 if the file is
invalid.`;

interface ReloadOptions extends DataSourceOptions {
  readonly json?: boolean;
}

export function reloadCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addServerOptions(new Command("reload"))
    .description("Reload the allow-list of the running gateway, and wait until every data worker is using it.")
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
    const response = await requestApiJson(address, "/api/v1/reload", { method: "POST" });
    const { keys, version, acknowledgedBy } = response as ReloadResponse; // as: the gateway's API contract
    if (options.json === true) printJson(terminal, response);
    else {
      terminal.stdout.write(`${formatCount(keys, "key")} in force on ${formatCount(acknowledgedBy, "data worker")}`);
      terminal.stdout.write(` (version ${version} since the start)\n`);
    }
    return EXIT.ok;
  } catch (error) {
    const code = reportError(terminal, error);
    // 409: the gateway is running, but the file is invalid.
    return error instanceof ApiError && error.status === 409 ? EXIT.invalid : code;
  }
}

interface ReloadResponse {
  readonly keys: number;
  readonly version: number;
  readonly acknowledgedBy: number;
}
