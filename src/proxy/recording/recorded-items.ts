import type { ExtraItem } from "../../core/usage/usage.ts";

/** The items in the words of the record: an amount has one name wherever it stands in a line. */
export function recordedItems(items: readonly ExtraItem[] | undefined): readonly unknown[] | undefined {
  return items?.map((item) => Object.fromEntries(Object.entries(item).flatMap(memberOf)));
}

function memberOf([name, value]: readonly [string, unknown]): readonly (readonly [string, unknown])[] {
  if (value === undefined) return [];
  return [[name === "raw" ? "usage_raw" : snakeCase(name), value]];
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
