import { ADMIN_TOKEN_VARIABLE } from "./admin-token.ts";
import type { Entry, Origin } from "./config-entry.ts";
import { PROVIDER_SETTINGS } from "./config-providers.ts";
import { rowOf, settingKeys } from "./config-schema.ts";
import type { ConfigIssue } from "./config-issue.ts";
import { nearest } from "../core/did-you-mean.ts";

/** A setting given on the command line: `{ name: "--port", key: "server.port", text: "9090" }`. */
export interface Flag {
  readonly name: string;
  readonly key: string;
  readonly text: string;
}

export interface Overlay {
  readonly entries: readonly Entry[];
  readonly issues: readonly ConfigIssue[];
}

const PREFIX = "LMGATE_";

/**
 * Reads `LMGATE_SECTION__KEY` variables as entries. Names without a double underscore are ignored: Kubernetes sets
 * `LMGATE_PORT` and others for a service called lmgate. `named` are the providers in the file. The name of a variable
 * cannot contain `-` or `.`, so `MY_AZURE` also means `my-azure`.
 */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>, named: readonly string[]): Overlay {
  const entries: Entry[] = [];
  const issues: ConfigIssue[] = [];
  for (const [name, text] of Object.entries(env).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (text === undefined || !name.startsWith(PREFIX) || !name.includes("__")) continue;
    if (name === ADMIN_TOKEN_VARIABLE) continue;
    const origin: Origin = { kind: "env", name };
    const source = `environment variable ${name}`;
    const path = resolvePath(name.slice(PREFIX.length).toLowerCase().split("__"), named);
    if (path === undefined) issues.push({ source, message: "no such setting", hint: suggest(name) });
    else if (text === "") issues.push({ source, key: path.join("."), message: "empty; set a value or unset it" });
    else entries.push({ path, value: readText(path, text), origin });
  }
  return { entries, issues };
}

/** Reads options of the command line as entries. The command line has checked their names. */
export function readFlags(flags: readonly Flag[]): Overlay {
  const entries: Entry[] = [];
  const issues: ConfigIssue[] = [];
  for (const { name, key, text } of flags) {
    const path = key.split(".");
    if (text === "") issues.push({ source: `option ${name}`, key, message: "empty" });
    else entries.push({ path, value: readText(path, text), origin: { kind: "flag", name } });
  }
  return { entries, issues };
}

function resolvePath(parts: readonly string[], named: readonly string[]): readonly string[] | undefined {
  const [section = "", key = "", third] = parts;
  if (section !== "providers") {
    return parts.length === 2 && rowOf(section, key) !== undefined ? [section, key] : undefined;
  }
  if (key === "" || parts.length > 3 || (third !== undefined && !PROVIDER_SETTINGS.includes(third))) return undefined;
  const spelled = named.find((name) => name.replace(/[-.]/g, "_") === key) ?? key;
  return third === undefined ? [section, spelled] : [section, spelled, third];
}

function suggest(name: string): string | undefined {
  const names = settingKeys().map((key) => PREFIX + key.replace(".", "__").toUpperCase());
  const guess = nearest(name, names);
  return guess === undefined ? "LMGATE_SECTION__KEY, as in LMGATE_SERVER__PORT" : `did you mean ${guess}?`;
}

/** Keeps text where the setting is a text, and reads numbers, booleans and null elsewhere, as in the file. */
function readText(path: readonly string[], text: string): unknown {
  const [section = "", key = ""] = path;
  if (path[2] !== undefined || rowOf(section, key)?.schema.safeParse(text).success === true) return text;
  switch (text) {
    case "true":
      return true;
    case "false":
      return false;
    case "null":
      return null;
    default:
      return /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(text) ? Number(text) : text;
  }
}
