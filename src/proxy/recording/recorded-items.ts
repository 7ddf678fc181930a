import type { ExtraItem } from "../../core/usage/usage.ts";

/** Names the members of extra items as the record does, so that one amount has one name everywhere in a line. */
export function recordedItems(items: readonly ExtraItem[] | undefined): readonly unknown[] | undefined {
  return items?.map((item) => Object.fromEntries(Object.entries(item).flatMap(toMember)));
}

function toMember([name, value]: readonly [string, unknown]): readonly (readonly [string, unknown])[] {
  if (value === undefined) return [];
  return [[name === "raw" ? "usage_raw" : snakeCase(name), value]];
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
