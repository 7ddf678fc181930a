import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { isMap, parseDocument } from "yaml";
import { errorCode } from "../core/errno.ts";
import { makeDirectories } from "../core/make-directories.ts";
import type { OverridePrices } from "../core/price-overrides.ts";
import type { ConfigIssue } from "../config/config-issue.ts";
import { readPriceOverrides, type OverridesRead } from "./overrides-file.ts";
import { readRegularFileSync } from "../config/files/read-file.ts";
import { editFile, replaceFile } from "../config/files/replace-file.ts";

const MAX_BYTES = 1024 * 1024;
const EMPTY_FILE = "# Price overrides, in US dollars per million tokens.\n";

/** The overrides after the change; `missing` if there was no such price to remove. */
export type OverrideEdited = OverridesRead | { readonly missing: true };

/**
 * Sets, or with `undefined` removes, the price of one model of one provider in the operator's file; comments and other
 * entries are kept. If it returns issues, nothing was written. A missing file is created.
 */
export async function editPriceOverride(
  path: string,
  target: { readonly provider: string; readonly model: string },
  prices: OverridePrices | undefined,
): Promise<OverrideEdited> {
  createFile(path);
  const edited = await editFile((): OverrideEdited | undefined => {
    const content = readRegularFileSync(path, MAX_BYTES);
    if (!("bytes" in content)) return issue(path, content.message);
    const before = content.bytes.toString("utf8");
    const current = readPriceOverrides(before, path);
    if ("issues" in current) return current;
    const text = editText(before, ["providers", target.provider, "models", target.model], prices);
    if (text === undefined) return { missing: true };
    const read = readPriceOverrides(text, path);
    if ("issues" in read) return read;
    const isCurrent = (): boolean => {
      const now = readRegularFileSync(path, MAX_BYTES);
      return "bytes" in now && now.fingerprint === content.fingerprint;
    };
    return replaceFile(path, text, isCurrent) ? read : undefined;
  });
  return edited ?? issue(path, "other programs keep changing this file; try again");
}

function createFile(path: string): void {
  try {
    makeDirectories(dirname(path), { make: mkdirSync, parentOf: dirname });
    writeFileSync(path, EMPTY_FILE, { flag: "wx", mode: 0o640 });
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
}

function editText(text: string, keys: readonly string[], prices: OverridePrices | undefined): string | undefined {
  const document = parseDocument(text);
  if (prices !== undefined) {
    document.setIn(keys, { ...prices });
    return String(document);
  }
  if (!isMap(document.contents) || !document.deleteIn(keys)) return undefined;
  // The reader rejects a provider without models, so empty parents are removed as well.
  for (const parent of [keys.slice(0, 3), keys.slice(0, 2), keys.slice(0, 1)]) {
    const node = document.getIn(parent);
    if (isMap(node) && node.items.length === 0) document.deleteIn(parent);
  }
  return document.contents.items.length === 0 ? EMPTY_FILE : String(document);
}

function issue(source: string, message: string): { readonly issues: readonly ConfigIssue[] } {
  return { issues: [{ source, message }] };
}
