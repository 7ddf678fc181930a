import type { Settings } from "../../config/settings.ts";

/** What client libraries append to a provider's base URL differs: OpenAI's expect the `/v1` in it. */
const CLIENT_PATHS: Readonly<Record<string, string>> = { openai: "/v1" };

export interface ListenerUrls {
  /** The client port. */
  readonly address: string;
  /** The admin listener. */
  readonly admin: string;
}

/** The URL at which this machine reaches one of its own listeners. One that listens on all addresses is reached on loopback. */
export function ownUrl(host: string, port: number): string {
  const name = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `http://${name.includes(":") ? `[${name}]` : name}:${port}`;
}

/** The only place that shows a new token. Browsers do not send what follows the `#`, so no server logs it. */
export function newTokenLine({ admin }: ListenerUrls, token: string, path: string): string {
  return `lmgate: dashboard: ${admin}/ui/#token=${token} (new admin token; shown only once, stored in ${path})\n`;
}

/** For an operator at a terminal: the base URLs and a first request to try. */
export function startupBanner({ address, admin }: ListenerUrls, { providers }: Pick<Settings, "providers">): string {
  const width = Math.max(...providers.map(({ name }) => name.length), "dashboard".length);
  const line = (name: string, url: string): string => `  ${name.padEnd(width)}  ${url}`;
  const baseUrls = providers.map(({ name }) => line(name, `${address}/${name}${CLIENT_PATHS[name] ?? ""}`));
  const [first] = providers;
  const tryThis = first === undefined ? [] : ["", "Try this:", "", example(`${address}/${first.name}`, first.name)];
  const dashboard = line("dashboard", `${admin}/ui/`);
  return [
    "",
    "LMGate is running. Press Ctrl-C to stop. Base URLs:",
    "",
    ...baseUrls,
    dashboard,
    ...tryThis,
    "",
    "",
  ].join("\n");
}

function example(url: string, provider: string): string {
  const variable = `${provider.toUpperCase().replace(/[^A-Z0-9]/g, "_")}_API_KEY`;
  return `  curl ${url}/v1/models -H "Authorization: Bearer $${variable}"`;
}
