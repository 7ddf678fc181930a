import { get } from "node:http";
import { Command } from "commander";
import { ownUrl } from "../../app/startup/banner.ts";
import { loadCommandSettings } from "../context/load-settings.ts";
import { addSettingsOptions, type SettingsOptions } from "../context/settings-options.ts";
import { EXIT, info, type Terminal } from "../context/terminal.ts";

const TIMEOUT_MS = 3000;

const EXAMPLES = `
Examples:
  lmgate healthcheck
  lmgate healthcheck --url http://10.0.0.7:8080/healthz

Exit codes: 0 if the gateway responds with "ok", 1 if not.`;

export function healthcheckCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addSettingsOptions(new Command("healthcheck"))
    .description("Check that the gateway at the configured address is healthy. Made for containers.")
    .option("--url <url>", "URL to check")
    .addHelpText("after", EXAMPLES)
    .action(async (options: SettingsOptions & { readonly url?: string }) => {
      const url = options.url ?? configuredUrl(terminal, options);
      if (typeof url === "number") return finish(url);
      const problem = await checkHealth(url);
      if (problem !== undefined) info(terminal, `${url} ${problem}`);
      else terminal.stdout.write("ok\n");
      return finish(problem === undefined ? EXIT.ok : EXIT.failure);
    });
}

function configuredUrl(terminal: Terminal, options: SettingsOptions): string | number {
  const loaded = loadCommandSettings(terminal, options);
  if (typeof loaded === "number") return loaded;
  const { host, port } = loaded.settings.server;
  return `${ownUrl(host, port)}/healthz`;
}

/** Resolves to the problem, or to `undefined` if the gateway is healthy. */
async function checkHealth(url: string): Promise<string | undefined> {
  if (!URL.canParse(url)) return "is not a URL";
  return await new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: TIMEOUT_MS }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text = (text + chunk).slice(0, 64);
      });
      response.on("end", () => {
        const isHealthy = response.statusCode === 200 && text.trim() === "ok";
        resolve(isHealthy ? undefined : `responded with ${response.statusCode}, not "ok"`);
      });
      response.on("error", () => resolve("ended its response early"));
    });
    request.on("timeout", () => {
      resolve(`did not respond within ${TIMEOUT_MS} ms`);
      request.destroy();
    });
    request.on("error", (error: NodeJS.ErrnoException) =>
      resolve(`cannot be reached (${error.code ?? error.message})`),
    );
  });
}
