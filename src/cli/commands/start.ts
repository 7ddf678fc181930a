import { Command } from "commander";
import { ADMIN_TOKEN_VARIABLE } from "../../config/admin-token.ts";
import { addSettingsOptions, configFileOf, flagsOf, type SettingsOptions } from "../context/settings-options.ts";
import type { Terminal } from "../context/terminal.ts";

const LAST_WORDS_MS = 1_000;

const EXAMPLES = `
Examples:
  lmgate start
  lmgate start --config /etc/lmgate/lmgate.yaml
  lmgate start --port 9090 --workers 2
  LMGATE_SERVER__PORT=9090 lmgate start

Runs in the foreground. SIGTERM and SIGINT let running calls finish, SIGHUP reads the allow-list again.`;

export function startCommand({ env, stdout, stderr }: Terminal, finish: (code: number) => void): Command {
  return addSettingsOptions(new Command("start"))
    .description("Run the gateway in the foreground.")
    .addHelpText("after", EXAMPLES)
    .action(async (options: SettingsOptions) => {
      // Taken out before anything is started that would inherit it, or show it in a report of a crash.
      const adminToken = env[ADMIN_TOKEN_VARIABLE];
      delete env[ADMIN_TOKEN_VARIABLE];
      const { prestart } = await import("../../app/startup/prestart.ts");
      const begun = prestart();
      const { runApp } = await import("../../app/app.ts");
      const files = { configFile: configFileOf(options), flags: flagsOf(options) };
      const code = await runApp({ ...files, env, adminToken, stdout, stderr, prestart: begun });
      finish(code);
      // Nothing is open any more. Should something be, a restart must not wait for it.
      setTimeout(() => process.exit(code), LAST_WORDS_MS).unref();
    });
}
