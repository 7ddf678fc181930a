import { Command } from "commander";
import { ADMIN_TOKEN_VARIABLE } from "../../config/admin-token.ts";
import { addSettingsOptions, configFileOf, flagsOf, type SettingsOptions } from "../context/settings-options.ts";
import type { Terminal } from "../context/terminal.ts";

const EXIT_TIMEOUT_MS = 1_000;

const EXAMPLES = `
Examples:
  lmgate start
  lmgate start --config /etc/lmgate/lmgate.yaml
  lmgate start --port 9090 --workers 2
  LMGATE_SERVER__PORT=9090 lmgate start

SIGTERM and SIGINT stop the gateway after running requests have finished; SIGHUP reloads the allow-list.`;

export function startCommand({ env, stdout, stderr }: Terminal, finish: (code: number) => void): Command {
  return addSettingsOptions(new Command("start"))
    .description("Run the gateway in the foreground.")
    .addHelpText("after", EXAMPLES)
    .action(async (options: SettingsOptions) => {
      // Removed first, so that no child process inherits the token and no crash report shows it.
      const adminToken = env[ADMIN_TOKEN_VARIABLE];
      delete env[ADMIN_TOKEN_VARIABLE];
      const { prestart } = await import("../../app/startup/prestart.ts");
      const prestarted = prestart();
      const { runApp } = await import("../../app/app.ts");
      const files = { configFile: configFileOf(options), flags: flagsOf(options) };
      const code = await runApp({ ...files, env, adminToken, stdout, stderr, prestart: prestarted });
      finish(code);
      // Everything is closed by now. If a handle is left open by mistake, a restart must not wait for it.
      setTimeout(() => process.exit(code), EXIT_TIMEOUT_MS).unref();
    });
}
