import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { isMap, parseDocument } from "yaml";
import { errorCode } from "../core/errno.ts";
import { makeDirectories } from "../core/make-directories.ts";
import type { OverridePrices } from "../core/price-overrides.ts";
import type { ConfigIssue } from "../config/config-issue.ts";
import { readPriceOverrides, type OverridesRead } from "./overrides-file.ts";
import { readRegularFileSync } from "../config/files/read-file.ts";
import { replaceFile } from "../config/files/replace-file.ts";

const MAX_BYTES = 1024 * 1024;
const ATTEMPTS = 20;
const NONE = "# Prices of our own, in US dollars for a million tokens.\n";

/** What is in force then; or that there is no such price to take back. */
export type OverrideEdited = OverridesRead | { readonly missing: true };

/**
 * Sets or takes back (`undefined`) the price of one model at one provider in the operator's file; comments and the rest
 * stay. With issues, nothing was written. A file that is not there yet is made.
 */
export function editPriceOverride(
  path: string,
  place: { readonly provider: string; readonly model: string },
  prices: OverridePrices | undefined,
): OverrideEdited {
  makeFile(path);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const content = readRegularFileSync(path, MAX_BYTES);
    if (!("bytes" in content)) return issue(path, content.message);
    const before = content.bytes.toString("utf8");
    const sound = readPriceOverrides(before, path);
    if ("issues" in sound) return sound;
    const text = edited(before, ["providers", place.provider, "models", place.model], prices);
    if (text === undefined) return { missing: true };
    const read = readPriceOverrides(text, path);
    if ("issues" in read) return read;
    const isCurrent = (): boolean => {
      const now = readRegularFileSync(path, MAX_BYTES);
      return "bytes" in now && now.fingerprint === content.fingerprint;
    };
    if (replaceFile(path, text, isCurrent)) return read;
  }
  return issue(path, "being changed by others all the time; try again");
}

function makeFile(path: string): void {
  try {
    makeDirectories(dirname(path), { make: mkdirSync, parentOf: dirname });
    writeFileSync(path, NONE, { flag: "wx", mode: 0o640 });
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
}

function edited(text: string, keys: readonly string[], prices: OverridePrices | undefined): string | undefined {
  const document = parseDocument(text);
  if (prices !== undefined) {
    document.setIn(keys, { ...prices });
    return String(document);
  }
  if (!isMap(document.contents) || !document.deleteIn(keys)) return undefined;
  // A provider without models is not what the reader takes.
  for (const parent of [keys.slice(0, 3), keys.slice(0, 2), keys.slice(0, 1)]) {
    const node = document.getIn(parent);
    if (isMap(node) && node.items.length === 0) document.deleteIn(parent);
  }
  return document.contents.items.length === 0 ? NONE : String(document);
}

function issue(source: string, message: string): { readonly issues: readonly ConfigIssue[] } {
  return { issues: [{ source, message }] };
}
