import {
  PRICE_KINDS,
  type ModelOverride,
  type Multipliers,
  type OverridePrices,
  type OverrideScope,
  type PriceOverrides,
} from "../core/price-overrides.ts";
import { z } from "zod";
import { sourceOf, sourceOfKey, type Entry } from "../config/config-entry.ts";
import { readConfigFile, type FileForm } from "../config/config-file.ts";
import type { ConfigIssue } from "../config/config-issue.ts";
import { describeFound } from "../config/describe-found.ts";
import { nearest } from "../core/did-you-mean.ts";
import type { Mutable } from "../core/mutable.ts";
import { readRegularFileSync } from "../config/files/read-file.ts";
import { decodeUtf8 } from "../config/files/utf8.ts";

export type OverridesRead = { readonly overrides: PriceOverrides } | { readonly issues: readonly ConfigIssue[] };

/** Enough for the prices of thousands of models. */
const MAX_BYTES = 1024 * 1024;
const MAX_ISSUES = 1000;

/** providers → azure → models → gpt-x → multipliers → service_tier → flex */
const FORM: FileForm = { maxDepth: 7, top: "models:, providers: or multipliers:" };

const DOLLARS = z.number().min(0).max(1_000_000).describe("a number of US dollars from 0 to 1000000");
const FACTOR = z.number().min(0).max(1000).describe("a factor from 0 to 1000");

const NAMED_FACTORS = ["service_tier", "speed", "region"] as const;
const SINGLE_FACTORS = ["batch", "always"] as const;

/** Reads the operator's prices from a YAML or JSON file. Returns all issues at once, each with its place. */
export function loadPriceOverrides(path: string): OverridesRead {
  const content = readRegularFileSync(path, MAX_BYTES);
  if (!("bytes" in content)) {
    const hint = content.code === "ENOENT" ? "set pricing.overrides_path to the file" : undefined;
    return { issues: [{ source: path, message: content.message, hint }] };
  }
  const decoded = decodeUtf8(content.bytes);
  if (!("text" in decoded)) return { issues: [{ source: path, ...decoded }] };
  return readPriceOverrides(decoded.text, path);
}

/** The same for a text; `file` is used only in issues. */
export function readPriceOverrides(text: string, file: string): OverridesRead {
  const { entries, issues } = readConfigFile(text, file, FORM);
  const draft = newScope();
  const providers = new Map<string, Draft>();
  const found = [...issues];
  for (const entry of entries) {
    const issue = take(entry, draft, providers);
    if (issue !== undefined && found.length < MAX_ISSUES) found.push(issue);
  }
  if (found.length === 0) found.push(...[draft, ...providers.values()].flatMap(unpricedModels));
  if (found.length > 0) return { issues: found.toSorted((one, other) => (one.line ?? 0) - (other.line ?? 0)) };
  const own = [...providers].map(([name, scope]) => [name, finished(scope)] as const);
  return { overrides: { ...finished(draft), providers: new Map(own) } };
}

interface Draft {
  readonly models: Map<string, ModelDraft>;
  readonly multipliers: MultipliersDraft;
}

interface ModelDraft {
  /** Where the model is named. */
  readonly place: Pick<ConfigIssue, "source" | "line" | "column" | "key">;
  readonly prices: Partial<Record<keyof OverridePrices, number>>;
  readonly multipliers: MultipliersDraft;
}

type MultipliersDraft = Mutable<Multipliers>;

function newScope(): Draft {
  return { models: new Map(), multipliers: {} };
}

function take(entry: Entry, draft: Draft, providers: Map<string, Draft>): ConfigIssue | undefined {
  const [top = "", name] = entry.path;
  if (top !== "providers") return takeInScope(entry, 0, draft, ["models", "multipliers", "providers"]);
  if (name === undefined) return isEmpty(entry) ? undefined : notASection(entry, "a section of providers");
  let scope = providers.get(name);
  if (scope === undefined) providers.set(name, (scope = newScope()));
  if (entry.path.length === 2) return isEmpty(entry) ? undefined : notASection(entry, "models: and multipliers:");
  return takeInScope(entry, 2, scope, ["models", "multipliers"]);
}

/** Takes an entry whose first `depth` names have been handled. */
function takeInScope(entry: Entry, depth: number, scope: Draft, allowed: readonly string[]): ConfigIssue | undefined {
  const [section = "", model, ...rest] = entry.path.slice(depth);
  if (section === "multipliers") return takeFactor(entry, depth + 1, scope.multipliers);
  if (section !== "models") return unknownName(entry, depth, allowed);
  if (model === undefined) return isEmpty(entry) ? undefined : notASection(entry, "a section of models");
  let draft = scope.models.get(model);
  if (draft === undefined) {
    const key = entry.path.slice(0, depth + 2).join(".");
    draft = { place: { ...sourceOfKey(entry, depth + 1), key }, prices: {}, multipliers: {} };
    scope.models.set(model, draft);
  }
  if (rest.length === 0)
    return isEmpty(entry) ? undefined : notASection(entry, "prices by kind, as { input: 2.5, output: 10 }");
  return rest[0] === "multipliers"
    ? takeFactor(entry, depth + 3, draft.multipliers)
    : takePrice(entry, depth + 2, draft);
}

function takePrice(entry: Entry, depth: number, model: ModelDraft): ConfigIssue | undefined {
  const name = entry.path[depth] ?? "";
  const kind = PRICE_KINDS.find((known) => known === name);
  if (kind === undefined) return unknownName(entry, depth, [...PRICE_KINDS, "multipliers"]);
  const read = DOLLARS.safeParse(entry.value);
  if (!read.success || entry.path.length > depth + 1) return badValue(entry, DOLLARS);
  model.prices[kind] = read.data;
  return undefined;
}

function takeFactor(entry: Entry, depth: number, multipliers: MultipliersDraft): ConfigIssue | undefined {
  const [kind, name, ...deeper] = entry.path.slice(depth);
  if (kind === undefined) return isEmpty(entry) ? undefined : notASection(entry, "a section of multipliers");
  const read = FACTOR.safeParse(entry.value);
  const single = SINGLE_FACTORS.find((known) => known === kind);
  if (single !== undefined) {
    if (!read.success || name !== undefined) return badValue(entry, FACTOR);
    multipliers[single] = read.data;
    return undefined;
  }
  const named = NAMED_FACTORS.find((known) => known === kind);
  if (named === undefined) return unknownName(entry, depth, [...NAMED_FACTORS, ...SINGLE_FACTORS]);
  if (name === undefined) return isEmpty(entry) ? undefined : notASection(entry, `factors by name, as { flex: 0.5 }`);
  if (!read.success || deeper.length > 0) return badValue(entry, FACTOR);
  multipliers[named] = { ...multipliers[named], [name]: read.data };
  return undefined;
}

/** An entry without a price would hide the price of the table. */
function unpricedModels({ models }: Draft): readonly ConfigIssue[] {
  const unpriced = [...models.values()].filter(({ prices }) => Object.keys(prices).length === 0);
  return unpriced.map(({ place }) => ({ ...place, message: `has no price; allowed are ${PRICE_KINDS.join(", ")}` }));
}

function finished({ models, multipliers }: Draft): OverrideScope {
  const entries = [...models].map(([model, draft]): ModelOverride => {
    return { model, prices: draft.prices, multipliers: draft.multipliers };
  });
  return { models: entries, multipliers };
}

/** True for a section such as `models:` whose content is commented out. */
function isEmpty({ value }: Entry): boolean {
  return value === null;
}

function unknownName(entry: Entry, depth: number, allowed: readonly string[]): ConfigIssue {
  const guess = nearest(entry.path[depth] ?? "", allowed);
  const hint = guess === undefined ? `allowed are ${allowed.join(", ")}` : `did you mean "${guess}"?`;
  const key = entry.path.slice(0, depth + 1).join(".");
  return { ...sourceOfKey(entry, depth), key, message: "unknown name", hint };
}

function notASection(entry: Entry, allowed: string): ConfigIssue {
  const message = `found ${describeFound(entry.value)}; allowed is ${allowed}`;
  return { ...sourceOf(entry.origin), key: entry.path.join("."), message };
}

function badValue(entry: Entry, schema: z.ZodNumber): ConfigIssue {
  const message = `found ${describeFound(entry.value)}; allowed is ${schema.description ?? "another value"}`;
  return { ...sourceOf(entry.origin), key: entry.path.join("."), message };
}
