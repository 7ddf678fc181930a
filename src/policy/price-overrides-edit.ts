import { existsSync, writeFileSync } from "node:fs";
import { isMap, parseDocument } from "yaml";
import type { OverridePrices } from "../core/price-overrides.ts";
import type { Fault } from "./fault.ts";
import { readPriceOverrides, type OverridesRead } from "./price-overrides.ts";
import { readRegularFileSync } from "./read-file.ts";
import { replaceFile } from "./replace-file.ts";

const MAX_BYTES = 1024 * 1024;

/**
 * Sets or takes back (`undefined`) the price of one model at one provider in the operator's file; comments and the rest
 * stay. What is in force then, or why nothing was written. A file that is not there yet is made.
 */
export function editPriceOverride(
  path: string,
  place: { readonly provider: string; readonly model: string },
  prices: OverridePrices | undefined,
): OverridesRead {
  if (!existsSync(path))
    writeFileSync(path, "# Prices of our own, in US dollars for a million tokens.\n", { flag: "wx", mode: 0o640 });
  const content = readRegularFileSync(path, MAX_BYTES);
  if (!("bytes" in content)) return fault(path, content.message);
  const document = parseDocument(content.bytes.toString("utf8"));
  const keys = ["providers", place.provider, "models", place.model];
  if (prices === undefined) {
    document.deleteIn(keys);
    // A provider without models is not what the reader takes.
    for (const parent of [keys.slice(0, 3), keys.slice(0, 2), keys.slice(0, 1)]) {
      const node = document.getIn(parent);
      if (isMap(node) && node.items.length === 0) document.deleteIn(parent);
    }
  } else document.setIn(keys, { ...prices });
  const text =
    isMap(document.contents) && document.contents.items.length === 0 ? "# No prices of our own.\n" : String(document);
  const read = readPriceOverrides(text, path);
  if ("faults" in read) return read;
  const isCurrent = (): boolean => {
    const now = readRegularFileSync(path, MAX_BYTES);
    return "bytes" in now && now.fingerprint === content.fingerprint;
  };
  return replaceFile(path, text, isCurrent)
    ? read
    : fault(path, "changed by somebody else at the same moment; try again");
}

function fault(source: string, message: string): { readonly faults: readonly Fault[] } {
  return { faults: [{ source, message }] };
}
