import { REDACTED_FIELDS } from "../../core/request/record-fields.ts";
import type { RequestRecord } from "../../core/request/request-record.ts";
import type { ApiKey } from "../../core/request/client.ts";
import { REDACTED, withoutKeyShapes } from "../../usage/dialects/safe-names.ts";

/**
 * Removes the keys that authorized the request, wherever the client or the provider repeated them, and everything that
 * looks like a key. Only keys on the allow-list are removed by their text: otherwise a client could hide a model by
 * sending its name as a credential.
 */
export function redactKeys(
  record: RequestRecord,
  keys: readonly ApiKey[],
  checked = new CheckedTexts(),
): RequestRecord {
  const search: Search = { keys, checked };
  const searchOnce: Search = { keys, checked: undefined };
  let result = record;
  for (const name of REDACTED_FIELDS) {
    const value = record[name];
    if (value === undefined || value === null) continue;
    const redacted = redactValue(value, DIFFERENT.has(name) ? searchOnce : search);
    if (redacted !== value) result = { ...result, [name]: redacted };
  }
  return result;
}

/** Every record has another text here, so remembering it would only push out the others. */
const DIFFERENT: ReadonlySet<keyof RequestRecord> = new Set(["response_id", "request_id"]);

/** Model names, user agents and member names of usage objects are few and short. Ids are longer or never repeat. */
const MAX_LENGTH = 64;
const MAX_TEXTS = 2_048;

/** Texts without anything that looks like a key, so that they are searched only once. It never holds a key. */
export class CheckedTexts {
  readonly #texts = new Set<string>();

  has(text: string): boolean {
    return this.#texts.has(text);
  }

  add(text: string): void {
    if (text.length > MAX_LENGTH) return;
    if (this.#texts.size >= MAX_TEXTS) this.#texts.clear();
    this.#texts.add(text);
  }
}

interface Search {
  readonly keys: readonly ApiKey[];
  readonly checked: CheckedTexts | undefined;
}

function redactValue(value: unknown, search: Search): unknown {
  if (typeof value === "string") return redactText(value, search);
  if (!isObject(value) || !containsKey(value, search)) return value;
  if (Array.isArray(value)) return value.map((member) => redactValue(member, search));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [redactText(name, search), redactValue(member, search)]),
  );
}

/** Searches before anything is copied, because nearly every record holds no key. */
function containsKey(value: object, search: Search): boolean {
  for (const name of Object.keys(value)) {
    if (redactText(name, search) !== name) return true;
    const member: unknown = (value as Readonly<Record<string, unknown>>)[name]; // as: these are the names that the object has
    if (
      typeof member === "string"
        ? redactText(member, search) !== member
        : isObject(member) && containsKey(member, search)
    )
      return true;
  }
  return false;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function redactText(text: string, { keys, checked }: Search): string {
  // The shape of a text never changes, but every request has its own keys, so those are always searched for.
  const isChecked = checked?.has(text) === true;
  let result = isChecked ? text : withoutKeyShapes(text);
  for (const key of keys) {
    const secret = key.reveal();
    if (secret !== "" && result.includes(secret)) result = result.replaceAll(secret, REDACTED);
  }
  if (isChecked) return result;
  if (!result.includes("%")) {
    if (result === text) checked?.add(text);
    return result;
  }
  // A path may hold a key in percent-encoded form; then its whole segment is redacted.
  return result
    .split("/")
    .map((segment) => (containsEncodedKey(segment, keys) ? REDACTED : segment))
    .join("/");
}

function containsEncodedKey(segment: string, keys: readonly ApiKey[]): boolean {
  const decoded = segment.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  if (decoded === segment) return false;
  return (
    withoutKeyShapes(decoded) !== decoded || keys.some((key) => key.reveal() !== "" && decoded.includes(key.reveal()))
  );
}
