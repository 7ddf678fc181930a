import type { ApiKey, Client } from "../../core/request/client.ts";
import type { ForbiddenReason } from "../../core/request/rejection.ts";
import type { Credentials } from "./credentials.ts";

export type Authorization =
  | { readonly ok: true; readonly client: Client; readonly keys: readonly ApiKey[]; readonly maskedKey: string }
  | { readonly ok: false; readonly reason: ForbiddenReason; readonly maskedKey: string };

/**
 * Requires that every key of the request is on the allow-list and that all belong to one row. Otherwise a client could
 * put an allowed key in one place and have an unknown key forwarded in another.
 */
export function authorize(
  credentials: Credentials,
  identify: (key: ApiKey) => Client | undefined,
  now: number,
): Authorization {
  const keys = credentials.lmgateKeys.length > 0 ? credentials.lmgateKeys : credentials.providerKeys;
  const first = keys[0];
  if (first === undefined) return { ok: false, reason: "no_key", maskedKey: "" };
  const maskedKey = first.masked;
  const client = identify(first);
  if (client === undefined) return { ok: false, reason: first.reveal() === "" ? "no_key" : "unknown_key", maskedKey };
  if (isExpired(client, now)) return { ok: false, reason: "expired", maskedKey };
  for (let index = 1; index < keys.length; index++) {
    const key = keys[index];
    const other = key === undefined ? undefined : identify(key);
    if (other === undefined || other.id !== client.id) return { ok: false, reason: "mixed_keys", maskedKey };
    if (isExpired(other, now)) return { ok: false, reason: "expired", maskedKey };
  }
  return { ok: true, client, keys, maskedKey };
}

export function isExpired(client: Client, now: number): boolean {
  return client.expiresAt !== undefined && now >= client.expiresAt;
}
