import type { OnClientAbort, Provider } from "../core/provider.ts";
import { findProvider, knownProviders, providerNameIssue } from "../providers/index.ts";
import { sourceOf, sourceOfKey, type Entry, type Origin } from "./config-entry.ts";
import { ON_CLIENT_ABORT } from "./config-schema.ts";
import { listAllowed } from "./setting-form.ts";
import type { ConfigIssue } from "./config-issue.ts";
import { describeFound } from "./describe-found.ts";
import { nearest } from "../core/did-you-mean.ts";
import { formatUpstream, parseUpstream } from "./upstream-url.ts";

export interface ProvidersRead {
  readonly providers: readonly Provider[];
  readonly origins: ReadonlyMap<string, { readonly value: string; readonly origin: Origin }>;
  readonly issues: readonly ConfigIssue[];
  readonly warnings: readonly ConfigIssue[];
}

/** Settings of one provider. */
export const PROVIDER_SETTINGS: readonly string[] = ["upstream", "on_client_abort"];

interface ProviderEntry {
  readonly upstream: Entry | undefined;
  readonly onClientAbort: Entry | undefined;
  /** The entry that names the provider, if there is one. */
  readonly named: Entry | undefined;
}

/**
 * The providers of a configuration: those on by default and those it names, without those it sets to `false`. An unknown
 * name is an OpenAI-compatible server and needs an upstream.
 */
export function readProviders(entries: readonly Entry[], onClientAbort: OnClientAbort): ProvidersRead {
  const issues: ConfigIssue[] = [];
  const warnings: ConfigIssue[] = [];
  const enabled = collect(entries, issues);
  const providers: Provider[] = [];
  const origins = new Map<string, { value: string; origin: Origin }>();
  for (const [name, settings] of enabled) {
    const { upstream: written, named } = settings;
    const known = findProvider(name);
    const key = `providers.${name}.upstream`;
    const abort = readOnClientAbort(settings.onClientAbort, onClientAbort);
    if ("issue" in abort) issues.push(abort.issue);
    else if (settings.onClientAbort !== undefined) {
      origins.set(`providers.${name}.on_client_abort`, { value: abort.value, origin: settings.onClientAbort.origin });
    }
    const place = placeOf(written, named);
    const text = written === undefined ? known?.upstream : written.value;
    if (text === undefined) {
      issues.push({ ...place, key, message: "an upstream is required", hint: hintFor(name, known !== undefined) });
      continue;
    }
    const read = typeof text === "string" ? parseUpstream(text) : { message: "allowed is an http:// or https:// URL" };
    if (!("upstream" in read)) {
      issues.push({ ...place, key, message: `found ${describeFound(text)}; ${read.message}` });
      continue;
    }
    if (read.warning !== undefined) warnings.push({ ...place, key, message: read.warning });
    providers.push({
      name,
      upstream: read.upstream,
      exclusiveReasoning: known?.exclusiveReasoning ?? false,
      onClientAbort: "value" in abort ? abort.value : onClientAbort,
    });
    origins.set(key, { value: formatUpstream(read.upstream), origin: written?.origin ?? { kind: "default" } });
  }
  if (providers.length === 0 && issues.length === 0) {
    const last = entries.findLast((entry) => entry.value === false);
    const place = placeOf(last, undefined);
    issues.push({ ...place, key: "providers", message: "all providers are disabled; enable at least one" });
  }
  return { providers, origins, issues, warnings };
}

function collect(entries: readonly Entry[], issues: ConfigIssue[]): ReadonlyMap<string, ProviderEntry> {
  const enabled = new Map<string, ProviderEntry>();
  for (const { name, onByDefault } of knownProviders()) {
    if (onByDefault) enabled.set(name, { ...BARE, named: undefined });
  }
  for (const entry of entries) {
    const [, name, key] = entry.path;
    const issue = issueOf(entry);
    if (issue !== undefined)
      issues.push({ ...sourceOfKey(entry, issue.depth), key: entry.path.join("."), ...issue.text });
    else if (name === undefined) continue;
    else if (key === "upstream") enabled.set(name, { ...(enabled.get(name) ?? BARE), upstream: entry, named: entry });
    else if (key !== undefined)
      enabled.set(name, { ...(enabled.get(name) ?? BARE), onClientAbort: entry, named: entry });
    else if (entry.value === false) enabled.delete(name);
    else if (!enabled.has(name)) enabled.set(name, { ...BARE, named: entry });
  }
  return enabled;
}

const BARE: ProviderEntry = { upstream: undefined, onClientAbort: undefined, named: undefined };

/** The provider's own setting, which overrides the common one. */
function readOnClientAbort(
  entry: Entry | undefined,
  otherwise: OnClientAbort,
): { readonly value: OnClientAbort } | { readonly issue: ConfigIssue } {
  if (entry === undefined) return { value: otherwise };
  const value = ON_CLIENT_ABORT.find((word) => word === entry.value);
  if (value !== undefined) return { value };
  const message = `found ${describeFound(entry.value)}; allowed is ${listAllowed(ON_CLIENT_ABORT)}`;
  return { issue: { ...sourceOf(entry.origin), key: entry.path.join("."), message } };
}

/** The place of the upstream; if it is missing, the place that names its provider. */
function placeOf(written: Entry | undefined, named: Entry | undefined): ReturnType<typeof sourceOf> {
  if (written !== undefined) return sourceOf(written.origin);
  return named === undefined ? sourceOf({ kind: "default" }) : sourceOfKey(named, 1);
}

interface EntryIssue {
  /** Index of the wrong name in the path. */
  readonly depth: number;
  readonly text: { readonly message: string; readonly hint?: string };
}

/** Checks an entry of a provider: nothing or `true` (on), `false` (off), or one of its settings. */
function issueOf({ path, value }: Entry): EntryIssue | undefined {
  const [, name, key, ...deeper] = path;
  if (name === undefined) {
    const message = `found ${describeFound(value)}; allowed is a section of providers`;
    return value === null ? undefined : { depth: 0, text: { message } };
  }
  const nameIssue = providerNameIssue(name);
  if (nameIssue !== undefined) return { depth: 1, text: { message: `invalid provider name: ${nameIssue}` } };
  if (key === undefined) {
    // The value is not quoted, because operators may paste a key here by mistake.
    const message = "allowed is { upstream: URL }, nothing (on), or false (off)";
    return value === null || typeof value === "boolean" ? undefined : { depth: 1, text: { message } };
  }
  if (PROVIDER_SETTINGS.includes(key) && deeper.length === 0) return undefined;
  const guess = nearest(key, PROVIDER_SETTINGS);
  const allowed = `allowed are ${PROVIDER_SETTINGS.join(" and ")}`;
  const hint = guess === undefined || deeper.length > 0 ? allowed : `did you mean "${guess}"?`;
  return { depth: 2, text: { message: "no such setting", hint } };
}

function hintFor(name: string, isKnown: boolean): string | undefined {
  if (isKnown) return "this provider has a different host for each customer";
  const guess = nearest(
    name,
    knownProviders().map((provider) => provider.name),
  );
  return guess === undefined
    ? "unknown names are OpenAI-compatible servers, which need an upstream"
    : `did you mean "${guess}"?`;
}
