import * as z from "zod";
import type { KeyActivity } from "../../../store/schema/reader.ts";
import type { KeysChanged } from "../contract.ts";
import {
  addKey,
  changeKey,
  importedText,
  importKeys,
  revokeKey,
  rotateKey,
  type KeyChange,
  type IssuedKey,
} from "../../../allowlist/key-changes.ts";
import type { AuditEntry } from "../audit-log.ts";
import { changeKeyList, keyRows, readKeyList } from "../key-list.ts";
import { ApiError } from "../../server/problem.ts";
import { route, type ApiRequest, type Route } from "../../server/api-route.ts";
import type { AdminServices } from "../admin-services.ts";
import { keyChange, keyRow, keysChanged, keysImport, newKey, rotation } from "./key-schemas.ts";

/** Manages the allow-list. A change is written to the file; the response follows once every data worker uses it. */
export function keyRoutes(services: AdminServices): readonly Route[] {
  return [list(services), add(services), change(services), rotate(services), revoke(services), importMany(services)];
}

function list(services: AdminServices): Route {
  return route({
    method: "get",
    path: "/api/v1/keys",
    access: "authenticated",
    summary: "List the keys of the allow-list, masked",
    response: z.array(keyRow),
    run: async () => keyRows(readKeyList(services.allowlistPath), await keyActivity(services), Date.now()),
  });
}

function add(services: AdminServices): Route {
  return route({
    method: "post",
    path: "/api/v1/keys",
    access: "authenticated",
    summary: "Add a key or generate one. A generated key is returned only in this response",
    body: newKey,
    response: keysChanged,
    run: async (request) => {
      let result: IssuedKey | undefined;
      await changeKeyList(services.allowlistPath, (list) => {
        result = addKey(list, request.body, new Date().toISOString().slice(0, 10));
        return result.text;
      });
      if (result === undefined) throw new Error("the list was written without the key");
      const { owner, expiresAt, apiKey } = request.body;
      return respondChanged(services, request, result, {
        action: "key.added",
        details: { owner, expiresAt, made: apiKey === undefined },
      });
    },
  });
}

function change(services: AdminServices): Route {
  return route({
    method: "patch",
    path: "/api/v1/keys/{id}",
    access: "authenticated",
    summary: "Enable or disable all keys with an id, or change their owner or expiry",
    body: keyChange,
    response: keysChanged,
    run: async (request) => {
      const target = request.parameter("id");
      await changeKeyList(services.allowlistPath, (list) => changeKey(list, target, request.body));
      return respondChanged(
        services,
        request,
        { id: target },
        { action: changeName(request.body), details: request.body },
      );
    },
  });
}

function rotate(services: AdminServices): Route {
  return route({
    method: "post",
    path: "/api/v1/keys/{id}/rotate",
    access: "authenticated",
    summary: "Rotate a key: add a new key for its id and expire the old ones after the grace period",
    body: rotation,
    response: keysChanged,
    run: async (request) => {
      let result: IssuedKey | undefined;
      await changeKeyList(services.allowlistPath, (list) => {
        result = rotateKey(list, request.parameter("id"), { ...request.body, now: Date.now() });
        return result.text;
      });
      if (result === undefined) throw new Error("the list was written without the key");
      const { graceSeconds, apiKey } = request.body;
      const details = { graceSeconds, made: apiKey === undefined };
      return respondChanged(services, request, result, { action: "key.rotated", details });
    },
  });
}

function revoke(services: AdminServices): Route {
  return route({
    method: "delete",
    path: "/api/v1/keys/{id}",
    access: "authenticated",
    summary: "Revoke all keys with an id",
    response: keysChanged,
    run: async (request) => {
      const target = request.parameter("id");
      await changeKeyList(services.allowlistPath, (list) => revokeKey(list, target));
      return respondChanged(services, request, { id: target }, { action: "key.revoked" });
    },
  });
}

function importMany(services: AdminServices): Route {
  return route({
    method: "post",
    path: "/api/v1/keys/import",
    access: "authenticated",
    summary: "Import the rows of another allow-list, all of them or none",
    body: z.strictObject({ csv: z.string(), dryRun: z.boolean() }),
    response: keysImport,
    run: async (request) => {
      const { csv, dryRun } = request.body;
      const { text: _text, ...plan } = importKeys(readKeyList(services.allowlistPath), csv);
      if (dryRun || plan.refused.length > 0) return { dryRun: true, ...plan };
      await changeKeyList(services.allowlistPath, (list) => importedText(list, csv));
      const details = { added: plan.added.length, changed: plan.changed.length };
      await auditAndReload(services, request, { action: "keys.imported", target: "allow-list", details });
      return { dryRun: false, ...plan };
    },
  });
}

async function respondChanged(
  services: AdminServices,
  request: ApiRequest,
  { id, secret }: Omit<IssuedKey, "text">,
  entry: Omit<AuditEntry, "target">,
): Promise<KeysChanged> {
  const changed = await auditAndReload(services, request, { ...entry, target: id });
  return { ...changed, ...(secret === undefined ? {} : { secret }) };
}

/** Writes the audit entry and waits until the change is in force. A failed audit entry must not keep it from taking effect. */
async function auditAndReload(
  services: AdminServices,
  { identity }: ApiRequest,
  entry: AuditEntry,
): Promise<KeysChanged> {
  const [note, changed] = await Promise.allSettled([services.audit.note(identity, entry), reloadKeys(services)]);
  if (note.status === "rejected") throw note.reason;
  if (changed.status === "rejected") throw changed.reason;
  return changed.value;
}

async function reloadKeys(services: AdminServices): Promise<KeysChanged> {
  const { version, acknowledgedBy, error } = await services.reloadAllowlist();
  if (error !== undefined) {
    throw new ApiError(409, "The allow-list was written but could not be loaded.", [
      { where: "allow-list", message: error },
    ]);
  }
  const keys = keyRows(readKeyList(services.allowlistPath), await keyActivity(services), Date.now());
  return { keys, version, acknowledgedBy };
}

/** Activity by key, as the store knows it. Keys can be managed while the store is down. */
async function keyActivity(services: AdminServices): Promise<readonly KeyActivity[]> {
  try {
    return (await services.store?.keyActivity()) ?? [];
  } catch {
    return [];
  }
}

function changeName({ disabled, owner, expiresAt }: KeyChange): string {
  if (disabled === undefined || owner !== undefined || expiresAt !== undefined) return "key.changed";
  return disabled ? "key.disabled" : "key.enabled";
}
