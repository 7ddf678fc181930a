import { ownUrl } from "../../app/startup/banner.ts";
import type { AdminSettings, Settings } from "../../config/settings.ts";
import { ADMIN_TOKEN_VARIABLE } from "../../config/admin-token.ts";
import { readRegularFileSync } from "../../config/files/read-file.ts";
import { requestApi, type ApiAddress } from "./api-client.ts";
import { loadCommandSettings } from "../context/load-settings.ts";
import type { SettingsOptions } from "../context/settings-options.ts";
import type { Terminal } from "../context/terminal.ts";

// Finds the admin listener of a gateway and the token for it.

const PROBE_MS = 500;
const MAX_TOKEN_BYTES = 4096;

/** `--server` or `LMGATE_URL` is not an HTTP URL. */
export class InvalidGatewayUrl extends Error {}

/** The gateway of these settings, if it is running and its token can be read. */
export async function findRunningGateway(
  { admin }: Pick<Settings, "admin">,
  env: Terminal["env"],
): Promise<ApiAddress | undefined> {
  const token = readAdminToken(admin, env);
  if (token === undefined) return undefined;
  const address = { url: ownUrl(admin.host, admin.port), token };
  try {
    // An authenticated request, because another program may use the port.
    const response = await requestApi(address, "/api/v1/providers", { signal: AbortSignal.timeout(PROBE_MS) });
    response.resume();
    return address;
  } catch {
    return undefined;
  }
}

/** The gateway that `--server` or `LMGATE_URL` names. */
export function gatewayFromOptions(
  terminal: Terminal,
  options: SettingsOptions & { readonly server?: string },
): ApiAddress | undefined {
  const { env } = terminal;
  const text = options.server ?? (env["LMGATE_URL"] || undefined);
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new InvalidGatewayUrl(
      `Invalid ${options.server === undefined ? "LMGATE_URL" : "--server"} "${text}". Use a URL such as http://127.0.0.1:8081.`,
    );
  }
  // The local token is sent only to a gateway on this machine.
  const isLocal = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname);
  return {
    url: text,
    token: env["LMGATE_TOKEN"] || ((isLocal ? configuredToken(terminal, options) : undefined) ?? ""),
  };
}

/** The admin token of a gateway with these settings. */
export function readAdminToken({ tokenPath }: AdminSettings, env: Terminal["env"]): string | undefined {
  const fromEnvironment = env[ADMIN_TOKEN_VARIABLE]?.trim() ?? "";
  if (fromEnvironment !== "") return fromEnvironment;
  const file = readRegularFileSync(tokenPath, MAX_TOKEN_BYTES);
  return "bytes" in file ? file.bytes.toString("utf8").trim() : undefined;
}

function configuredToken(terminal: Terminal, options: SettingsOptions): string | undefined {
  const loaded = loadCommandSettings({ ...terminal, stderr: silent(terminal) }, options);
  return typeof loaded === "number" ? undefined : readAdminToken(loaded.settings.admin, terminal.env);
}

/** Discards messages: with `--server` a missing local configuration is not an error. */
function silent({ stderr }: Terminal): Terminal["stderr"] {
  return Object.assign(Object.create(stderr) as Terminal["stderr"], { write: () => true });
}
