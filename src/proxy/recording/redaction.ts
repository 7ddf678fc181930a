import type { RequestRecord } from "../../core/request/request-record.ts";
import type { ApiKey } from "../../core/request/client.ts";
import { REDACTED, withoutKeyShapes } from "../../usage/observe/safe-names.ts";
import { CleanTexts } from "./clean-texts.ts";

/** What of a record callers and providers choose. All else is our own, and no key may make us take a part of it out. */
const FOREIGN = [
  "endpoint",
  "model",
  "request_model",
  "response_model",
  "deployment",
  "error_type",
  "service_tier",
  "speed",
  "inference_geo",
  "traffic_type",
  "response_id",
  "request_id",
  "user_agent",
  "tags",
  "usage_raw",
  "extra_items",
  "tool_calls",
  "cache_write_by_ttl",
  "input_by_modality",
  "output_by_modality",
  "cached_by_modality",
] as const satisfies readonly (keyof RequestRecord)[];

/**
 * The record without the keys that opened the call, wherever somebody put or echoed them, and without what looks like
 * any key. Only keys from the list are taken out by their text: else a caller could hide a model by sending its name
 * as a credential.
 */
export function withoutKeys(record: RequestRecord, keys: readonly ApiKey[], known = new CleanTexts()): RequestRecord {
  const search: Search = { keys, known };
  let result = record;
  for (const name of FOREIGN) {
    const value = record[name];
    if (value === undefined || value === null) continue;
    const clean = cleaned(value, search);
    if (clean !== value) result = { ...result, [name]: clean };
  }
  return result;
}

interface Search {
  readonly keys: readonly ApiKey[];
  readonly known: CleanTexts;
}

function cleaned(value: unknown, search: Search): unknown {
  if (typeof value === "string") return cleanText(value, search);
  if (!isObject(value) || !holdsKey(value, search)) return value;
  if (Array.isArray(value)) return value.map((member) => cleaned(member, search));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [cleanText(name, search), cleaned(member, search)]),
  );
}

/** Looks before anything is copied: nearly every record is clean. */
function holdsKey(value: object, search: Search): boolean {
  for (const name of Object.keys(value)) {
    if (cleanText(name, search) !== name) return true;
    const member: unknown = (value as Readonly<Record<string, unknown>>)[name]; // as: any object may be read by the names it has
    if (
      typeof member === "string" ? cleanText(member, search) !== member : isObject(member) && holdsKey(member, search)
    )
      return true;
  }
  return false;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function cleanText(text: string, { keys, known }: Search): string {
  // What a text looks like stays the same; which keys may not be in it changes with the call.
  const isKnown = known.has(text);
  let clean = isKnown ? text : withoutKeyShapes(text);
  for (const key of keys) {
    const secret = key.reveal();
    if (secret !== "" && clean.includes(secret)) clean = clean.replaceAll(secret, REDACTED);
  }
  if (isKnown) return clean;
  if (!clean.includes("%")) {
    if (clean === text) known.add(text);
    return clean;
  }
  // A path may hold a key in another spelling; then its whole segment goes.
  return clean
    .split("/")
    .map((segment) => (holdsEncoded(segment, keys) ? REDACTED : segment))
    .join("/");
}

function holdsEncoded(segment: string, keys: readonly ApiKey[]): boolean {
  const plain = segment.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  if (plain === segment) return false;
  return withoutKeyShapes(plain) !== plain || keys.some((key) => key.reveal() !== "" && plain.includes(key.reveal()));
}
