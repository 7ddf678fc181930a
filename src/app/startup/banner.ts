import type { Settings } from "../../config/settings.ts";

/** What clients put behind a provider's base URL by themselves, and what they do not. */
const CLIENT_PATHS: Readonly<Record<string, string>> = { openai: "/v1" };

export interface ListenerUrls {
  /** URLs of the client port and of the admin listener. */
  readonly address: string;
  readonly admin: string;
}

/** The one time a token that was made is shown. Behind the `#` no server and no log of one sees it. */
export function newTokenLine({ admin }: ListenerUrls, token: string, path: string): string {
  return `lmgate: dashboard: ${admin}/ui/#token=${token} (a new admin token, shown this once and kept in ${path})\n`;
}

/** For whoever started it by hand: where to look, and what to try. */
export function startupBanner({ address, admin }: ListenerUrls, { providers }: Pick<Settings, "providers">): string {
  const width = Math.max(...providers.map(({ name }) => name.length), "dashboard".length);
  const line = (name: string, url: string): string => `  ${name.padEnd(width)}  ${url}`;
  const baseUrls = providers.map(({ name }) => line(name, `${address}/${name}${CLIENT_PATHS[name] ?? ""}`));
  const [first] = providers;
  const tryThis = first === undefined ? [] : ["", "Try this:", "", ...example(`${address}/${first.name}`, first.name)];
  const dashboard = line("dashboard", `${admin}/ui/`);
  return ["", "LMGate is running until Ctrl-C. Base URLs:", "", ...baseUrls, dashboard, ...tryThis, "", ""].join("\n");
}

function example(url: string, provider: string): readonly string[] {
  return [
    `  curl ${url}/v1/models -H "Authorization: Bearer $${provider.toUpperCase().replace(/[^A-Z0-9]/g, "_")}_API_KEY"`,
  ];
}
