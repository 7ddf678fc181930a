/**
 * Turns the configuration of an operator into one frozen `Settings`. Later layers override earlier ones: defaults, file,
 * `LMGATE_SECTION__KEY` variables, command line. The whole is checked and all issues are reported together. This module
 * reads files; it opens no sockets and starts nothing.
 */
import { networkInterfaces } from "node:os";
import { resolve } from "node:path";
import { readConfigFile } from "./config-file.ts";
import { sourceOf, sourceOfKey, type Entry, type Origin } from "./config-entry.ts";
import { readEnvironment, readFlags, type Flag } from "./config-overlay.ts";
import { readProviders, type ProvidersRead } from "./config-providers.ts";
import { rowOf, rowsOf, sectionNames, SETTINGS, type Sections } from "./config-schema.ts";
import { toSettings, type Settings } from "./settings.ts";
import { formatIssue, type ConfigIssue } from "./config-issue.ts";
import { describeFound } from "./describe-found.ts";
import { nearest } from "../core/did-you-mean.ts";
import { isOwnUpstream } from "../core/proxy-loop.ts";
import { readRegularFileSync } from "./files/read-file.ts";
import { formatUpstream } from "./upstream-url.ts";
import { decodeUtf8 } from "./files/utf8.ts";

export type { Flag } from "./config-overlay.ts";

export interface SettingsSource {
  /** `undefined`: read no file. A file that is given must exist. */
  readonly file: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly flags: readonly Flag[];
}

/** One setting in force, in the units of the file. */
export interface EffectiveSetting {
  readonly key: string;
  readonly value: unknown;
  readonly origin: Origin;
}

export interface LoadedSettings {
  readonly settings: Settings;
  readonly origins: readonly EffectiveSetting[];
  /** Findings that do not prevent a start. */
  readonly warnings: readonly ConfigIssue[];
}

export type SettingsRead = LoadedSettings | { readonly issues: readonly ConfigIssue[] };

const DEFAULT_CONFIG_FILE = "config/lmgate.yaml";
/** Enough for hundreds of providers, and small enough that the YAML parser cannot be kept busy for long. */
export const MAX_CONFIG_BYTES = 32 * 1024;

/** `--config`, then `LMGATE_CONFIG`, then `config/lmgate.yaml` in the working directory. */
export function findConfigFile(named: string | undefined, env: SettingsSource["env"]): string {
  return named ?? (env["LMGATE_CONFIG"] || DEFAULT_CONFIG_FILE);
}

export function loadSettings(source: SettingsSource): SettingsRead {
  if (source.file === undefined) return resolveSettings([], source);
  const content = readRegularFileSync(source.file, MAX_CONFIG_BYTES);
  if ("code" in content) {
    const hint = content.code === "ENOENT" ? "create one with: lmgate init" : undefined;
    return { issues: [{ source: source.file, message: content.message, hint }] };
  }
  const decoded = decodeUtf8(content.bytes);
  if (!("text" in decoded)) return { issues: [{ source: source.file, ...decoded }] };
  return readSettings(decoded.text, { ...source, file: source.file });
}

/** Reads the configuration from a text; `file` is only its name. */
export function readSettings(text: string, source: SettingsSource & { readonly file: string }): SettingsRead {
  const { entries, issues } = readConfigFile(text, source.file);
  return resolveSettings(entries, source, issues);
}

function resolveSettings(
  inFile: readonly Entry[],
  source: SettingsSource,
  fileIssues: readonly ConfigIssue[] = [],
): SettingsRead {
  const named = inFile.flatMap(({ path: [section, name] }) =>
    section === "providers" && name !== undefined ? [name] : [],
  );
  const environment = readEnvironment(source.env, named);
  const flags = readFlags(source.flags);
  const issues = [...fileIssues, ...environment.issues, ...flags.issues];

  const effective = new Map<string, Entry>();
  const providerEntries: Entry[] = [];
  for (const entry of [...inFile, ...environment.entries, ...flags.entries]) {
    if (entry.path[0] === "providers") providerEntries.push(entry);
    else if (isEmptySection(entry)) continue;
    else {
      const issue = unknownSetting(entry);
      if (issue === undefined) effective.set(entry.path.join("."), entry);
      else issues.push(issue);
    }
  }
  const sections = checkSections(effective, issues);
  const providers = readProviders(providerEntries, sections?.accounting.on_client_abort ?? "cancel");
  issues.push(...providers.issues);
  if (sections !== undefined) issues.push(...contradictions(sections, effective), ...loops(sections, providers));
  if (sections === undefined || issues.length > 0) return { issues: sortIssues(issues) };
  return {
    settings: toSettings(sections, providers.providers),
    origins: [
      ...listOrigins(sections, effective),
      ...[...providers.origins].map(([key, shown]) => ({ key, ...shown })),
    ],
    warnings: providers.warnings,
  };
}

/** True for a line like `server:` whose settings are all commented out. */
function isEmptySection({ path, value }: Entry): boolean {
  return path.length === 1 && value === null && rowsOf(path[0] ?? "") !== undefined;
}

function unknownSetting(entry: Entry): ConfigIssue | undefined {
  const { path, value } = entry;
  const [section = "", key, ...deeper] = path;
  const rows = rowsOf(section);
  if (rows === undefined) {
    return {
      ...sourceOfKey(entry, 0),
      key: section,
      message: "no such section",
      hint: didYouMean(section, sectionNames()),
    };
  }
  const place = sourceOf(entry.origin);
  if (key === undefined) {
    return { ...place, key: section, message: `found ${describeFound(value)}; allowed is a section` };
  }
  const row = rowOf(section, key);
  if (row === undefined) {
    return {
      ...sourceOfKey(entry, 1),
      key: `${section}.${key}`,
      message: "no such setting",
      hint: didYouMean(key, Object.keys(rows)),
    };
  }
  if (deeper.length > 0) {
    return { ...place, key: `${section}.${key}`, message: `found a section; allowed is ${row.allowed}` };
  }
  return undefined;
}

function didYouMean(word: string, candidates: readonly string[]): string {
  const guess = nearest(word, candidates);
  return guess === undefined ? `allowed are ${candidates.join(", ")}` : `did you mean "${guess}"?`;
}

/** Checks every value against its form; one issue for each setting, however many rules it breaks. */
function checkSections(effective: ReadonlyMap<string, Entry>, issues: ConfigIssue[]): Sections | undefined {
  let isValid = true;
  const sections = Object.keys(SETTINGS).map((section) => {
    const values = Object.entries(rowsOf(section) ?? {}).map(([key, row]): [string, unknown] => {
      const entry = effective.get(`${section}.${key}`);
      if (entry === undefined) return [key, row.initial];
      const checked = row.schema.safeParse(entry.value);
      if (checked.success) return [key, checked.data];
      const message = `found ${describeFound(entry.value)}; allowed is ${row.allowed}`;
      issues.push({ ...sourceOf(entry.origin), key: `${section}.${key}`, message });
      isValid = false;
      return [key, row.initial];
    });
    return [section, Object.fromEntries<unknown>(values)];
  });
  return isValid ? (Object.fromEntries(sections) as Sections) : undefined; // as: the rows define the type
}

/** Pairs of settings that exclude each other although each value is valid. */
function contradictions(sections: Sections, effective: ReadonlyMap<string, Entry>): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const at = (...keys: readonly string[]): Pick<ConfigIssue, "source" | "key"> => {
    const key = keys.find((name) => effective.has(name)) ?? keys[0] ?? "";
    return { ...sourceOf(effective.get(key)?.origin ?? { kind: "default" }), key };
  };
  const { server, admin, auth, stats } = sections;
  if (server.port !== 0 && server.port === admin.port && hostsOverlap(server.host, admin.host)) {
    const message = `found ${admin.port} for both server.port and admin.port; use two different ports`;
    issues.push({ ...at("admin.port", "server.port"), message });
  }
  const paths = [
    ["auth.allowlist_path", auth.allowlist_path],
    ["stats.output_path", stats.output_path],
    ["admin.token_path", admin.token_path],
  ] as const;
  for (const [index, [key, path]] of paths.entries()) {
    const same = paths.slice(0, index).find(([, other]) => resolve(other) === resolve(path));
    if (same === undefined) continue;
    issues.push({
      ...at(key, same[0]),
      message: `found the same file for ${same[0]} and ${key}; use two different files`,
    });
  }
  return issues;
}

/** Reports upstreams that are LMGate itself: their requests would come back as new ones. */
function loops({ server, admin }: Sections, { providers, origins }: ProvidersRead): readonly ConfigIssue[] {
  const own = ownAddresses();
  return providers.flatMap((provider) => {
    const { upstream } = provider;
    const which = isOwnUpstream(upstream, server, own) ? "client" : isOwnUpstream(upstream, admin, own) ? "admin" : "";
    if (which === "") return [];
    const key = `providers.${provider.name}.upstream`;
    const message = `found ${formatUpstream(upstream)}, which is LMGate's own ${which} port; every request would return to LMGate`;
    return [{ ...sourceOf(origins.get(key)?.origin ?? { kind: "default" }), key, message }];
  });
}

function ownAddresses(): ReadonlySet<string> {
  return new Set(
    Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address)),
  );
}

function hostsOverlap(one: string, other: string): boolean {
  const wildcards = ["0.0.0.0", "::"];
  return one === other || wildcards.includes(one) || wildcards.includes(other);
}

function listOrigins(sections: Sections, effective: ReadonlyMap<string, Entry>): readonly EffectiveSetting[] {
  return Object.entries(sections).flatMap(([section, values]) =>
    Object.entries(values).map(([name, value]: [string, unknown]) => {
      const key = `${section}.${name}`;
      return { key, value, origin: effective.get(key)?.origin ?? { kind: "default" } };
    }),
  );
}

/** Sorts the issues: the file from top to bottom, then the environment, then the options. Drops duplicates. */
function sortIssues(issues: readonly ConfigIssue[]): readonly ConfigIssue[] {
  const rank = ({ source, line }: ConfigIssue): number =>
    line !== undefined ? 0 : source.startsWith("environment") ? 1 : source.startsWith("option") ? 2 : 3;
  const sorted = issues.toSorted(
    (a, b) => rank(a) - rank(b) || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
  );
  // An unknown section is reported once, not for each of its settings.
  return sorted.filter((issue, index) => index === 0 || formatIssue(issue) !== formatIssue(sorted[index - 1] ?? issue));
}
