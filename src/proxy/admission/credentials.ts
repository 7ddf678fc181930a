import { ApiKey } from "../../core/request/client.ts";
import type { Field } from "../../wire/field.ts";

/** Header fields that carry a caller's key. `Connection` may not name one of them, or it would be checked and then dropped. */
export const CREDENTIAL_FIELDS: ReadonlySet<string> = new Set([
  "authorization",
  "x-api-key",
  "api-key",
  "x-goog-api-key",
  "x-lmgate-key",
  "sec-websocket-protocol",
]);

/** Where the OpenAI realtime client for browsers puts its key. */
const SUBPROTOCOL_KEY = "openai-insecure-api-key.";

/**
 * Query parameters that carry a key (Gemini, Vertex, Azure realtime from a browser), in lower case: servers that do not
 * tell `Key` from `key` would find one there that was not checked.
 */
const QUERY_KEYS: ReadonlySet<string> = new Set(["key", "access_token", "api-key", "authorization"]);

export interface Credentials {
  /** `x-lmgate-key`: with it nothing else is looked at. */
  readonly gateKeys: readonly ApiKey[];
  readonly providerKeys: readonly ApiKey[];
  readonly authorizationFields: number;
}

/** Every key a request carries, from all the places where one can travel. */
export function credentialsOf(fields: readonly Field[], target: string): Credentials {
  const gateKeys: ApiKey[] = [];
  const providerKeys: ApiKey[] = [];
  let authorizationFields = 0;
  for (const field of fields) {
    switch (field.name) {
      case "x-lmgate-key":
        gateKeys.push(new ApiKey(field.value));
        break;
      case "authorization":
        authorizationFields++;
        providerKeys.push(new ApiKey(bearerToken(field.value)));
        break;
      case "x-api-key":
      case "api-key":
      case "x-goog-api-key":
        providerKeys.push(new ApiKey(field.value));
        break;
      case "sec-websocket-protocol":
        if (field.value.includes(SUBPROTOCOL_KEY)) collectSubprotocolKeys(field.value, providerKeys);
        break;
      default:
    }
  }
  const question = target.indexOf("?");
  if (question !== -1) collectQueryKeys(target, question + 1, providerKeys);
  return { gateKeys, providerKeys, authorizationFields };
}

/**
 * The token of `Bearer <token>` (RFC 6750; the scheme in any case). Another scheme, and a bare key, is kept in a form
 * that no list can hold: no key has a space in it.
 */
function bearerToken(value: string): string {
  if (value.length > 7 && value.slice(0, 7).toLowerCase() === "bearer ") return withoutBlanks(value.slice(7));
  return value === "" ? value : ` ${value}`;
}

/** `trim` would also take off what only Unicode calls white space, and the provider would get another key than was checked. */
function withoutBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function collectSubprotocolKeys(value: string, keys: ApiKey[]): void {
  for (const part of value.split(",")) {
    const protocol = withoutBlanks(part);
    if (protocol.startsWith(SUBPROTOCOL_KEY)) keys.push(new ApiKey(protocol.slice(SUBPROTOCOL_KEY.length)));
  }
}

function collectQueryKeys(target: string, from: number, keys: ApiKey[]): void {
  for (const parameter of target.slice(from).split("&")) {
    const equals = parameter.indexOf("=");
    const rawName = equals === -1 ? parameter : parameter.slice(0, equals);
    const name = percentDecoded(rawName).toLowerCase();
    if (!QUERY_KEYS.has(name)) continue;
    const value = equals === -1 ? "" : percentDecoded(parameter.slice(equals + 1));
    keys.push(new ApiKey(name === "authorization" ? bearerToken(value.replaceAll("+", " ")) : value));
  }
}

/** Percent-decoded to bytes, as latin1 text like header values; text that is not validly encoded stays as it is. */
function percentDecoded(text: string): string {
  if (!text.includes("%")) return text;
  return text.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
