import { ApiKey } from "../../core/request/client.ts";
import type { Field } from "../../wire/field.ts";

/** Header fields that carry a client's key. A request may not name one in `Connection`: LMGate would check it and then drop it. */
export const CREDENTIAL_FIELDS: ReadonlySet<string> = new Set([
  "authorization",
  "x-api-key",
  "api-key",
  "x-goog-api-key",
  "x-lmgate-key",
  "sec-websocket-protocol",
]);

/** The OpenAI realtime client for browsers sends its key in a subprotocol with this prefix. */
const SUBPROTOCOL_KEY = "openai-insecure-api-key.";

/**
 * Query parameters that carry a key (Gemini, Vertex, Azure realtime from a browser), in lower case. Names are compared
 * without case, because a server that ignores case would read a key from `Key` that LMGate had not checked.
 */
const QUERY_KEYS: ReadonlySet<string> = new Set(["key", "access_token", "api-key", "authorization"]);

export interface Credentials {
  /** From `x-lmgate-key`. If present, the other keys are forwarded without a check. */
  readonly lmgateKeys: readonly ApiKey[];
  readonly providerKeys: readonly ApiKey[];
  readonly authorizationFields: number;
}

/** Collects the keys of a request from every field and query parameter that can carry one. */
export function credentialsOf(fields: readonly Field[], target: string): Credentials {
  const lmgateKeys: ApiKey[] = [];
  const providerKeys: ApiKey[] = [];
  let authorizationFields = 0;
  for (const field of fields) {
    switch (field.name) {
      case "x-lmgate-key":
        lmgateKeys.push(new ApiKey(field.value));
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
  const queryStart = target.indexOf("?");
  if (queryStart !== -1) collectQueryKeys(target, queryStart + 1, providerKeys);
  return { lmgateKeys, providerKeys, authorizationFields };
}

/**
 * The token of `Bearer <token>` (RFC 6750; the scheme in any case). A value without that scheme gets a leading space, so
 * that it never matches: no key on the allow-list contains a space.
 */
function bearerToken(value: string): string {
  if (value.length > 7 && value.slice(0, 7).toLowerCase() === "bearer ") return trimBlanks(value.slice(7));
  return value === "" ? value : ` ${value}`;
}

/** Trims spaces and tabs only. `trim` also removes Unicode white space, so LMGate would check another key than the provider gets. */
function trimBlanks(text: string): string {
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
    const protocol = trimBlanks(part);
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

/** Decodes percent-encoded bytes to latin1 text, like header values. Invalid escapes stay as they are. */
function percentDecoded(text: string): string {
  if (!text.includes("%")) return text;
  return text.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
