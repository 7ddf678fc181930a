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
  type Made,
} from "../../../allowlist/key-changes.ts";
import type { AuditEntry } from "../audit-log.ts";
import { changeKeyList, keyRows, readKeyList } from "../key-list.ts";
import { ApiError } from "../../server/problem.ts";
import { route, type Call, type Route } from "../api-route.ts";
import type { AdminServices } from "../admin-services.ts";
import { keyChange, keyRow, keysChanged, keysImport, newKey, rotation } from "./key-schemas.ts";

/** Who may call. Every change is written to the file, and answered once every data thread goes by it. */
export function keyRoutes(desk: AdminServices): readonly Route[] {
  return [list(desk), add(desk), change(desk), rotate(desk), revoke(desk), importMany(desk)];
}

function list(desk: AdminServices): Route {
  return route({
    method: "get",
    path: "/api/v1/keys",
    access: "closed",
    summary: "The allow-list, without the keys themselves",
    answer: z.array(keyRow),
    run: async () => keyRows(readKeyList(desk.allowlistPath), await uses(desk), Date.now()),
  });
}

function add(desk: AdminServices): Route {
  return route({
    method: "post",
    path: "/api/v1/keys",
    access: "closed",
    summary: "Add a key, or have one made; a made one is in this answer and nowhere else",
    body: newKey,
    answer: keysChanged,
    run: async (call) => {
      let result: Made | undefined;
      await changeKeyList(desk.allowlistPath, (list) => {
        result = addKey(list, call.body, new Date().toISOString().slice(0, 10));
        return result.text;
      });
      if (result === undefined) throw new Error("the list was written without the key");
      const { owner, expiresAt, apiKey } = call.body;
      return made(desk, call, result, {
        action: "key.added",
        details: { owner, expiresAt, made: apiKey === undefined },
      });
    },
  });
}

function change(desk: AdminServices): Route {
  return route({
    method: "patch",
    path: "/api/v1/keys/{id}",
    access: "closed",
    summary: "Disable, enable, rename the owner of, or set the end of all keys of an id",
    body: keyChange,
    answer: keysChanged,
    run: async (call) => {
      const target = call.parameter("id");
      await changeKeyList(desk.allowlistPath, (list) => changeKey(list, target, call.body));
      return made(desk, call, { id: target }, { action: changeName(call.body), details: call.body });
    },
  });
}

function rotate(desk: AdminServices): Route {
  return route({
    method: "post",
    path: "/api/v1/keys/{id}/rotate",
    access: "closed",
    summary: "A new key for an id; the old ones last for the grace",
    body: rotation,
    answer: keysChanged,
    run: async (call) => {
      let result: Made | undefined;
      await changeKeyList(desk.allowlistPath, (list) => {
        result = rotateKey(list, call.parameter("id"), { ...call.body, now: Date.now() });
        return result.text;
      });
      if (result === undefined) throw new Error("the list was written without the key");
      const { graceSeconds, apiKey } = call.body;
      const details = { graceSeconds, made: apiKey === undefined };
      return made(desk, call, result, { action: "key.rotated", details });
    },
  });
}

function revoke(desk: AdminServices): Route {
  return route({
    method: "delete",
    path: "/api/v1/keys/{id}",
    access: "closed",
    summary: "Take all keys of an id off the list",
    answer: keysChanged,
    run: async (call) => {
      const target = call.parameter("id");
      await changeKeyList(desk.allowlistPath, (list) => revokeKey(list, target));
      return made(desk, call, { id: target }, { action: "key.revoked" });
    },
  });
}

function importMany(desk: AdminServices): Route {
  return route({
    method: "post",
    path: "/api/v1/keys/import",
    access: "closed",
    summary: "Add the rows of another allow-list; all of them or none",
    body: z.strictObject({ csv: z.string(), dryRun: z.boolean() }),
    answer: keysImport,
    run: async (call) => {
      const { csv, dryRun } = call.body;
      const { text: _text, ...plan } = importKeys(readKeyList(desk.allowlistPath), csv);
      if (dryRun || plan.refused.length > 0) return { dryRun: true, ...plan };
      await changeKeyList(desk.allowlistPath, (list) => importedText(list, csv));
      const details = { added: plan.added.length, changed: plan.changed.length };
      await noted(desk, call, { action: "keys.imported", target: "allow-list", details });
      return { dryRun: false, ...plan };
    },
  });
}

async function made(
  desk: AdminServices,
  call: Call,
  { id, secret }: Omit<Made, "text">,
  entry: Omit<AuditEntry, "target">,
): Promise<KeysChanged> {
  const changed = await noted(desk, call, { ...entry, target: id });
  return { ...changed, ...(secret === undefined ? {} : { secret }) };
}

/** Notes the change and waits until it is in force, which it must be even where it cannot be noted. */
async function noted(desk: AdminServices, { visitor }: Call, entry: AuditEntry): Promise<KeysChanged> {
  const [note, changed] = await Promise.allSettled([desk.audit.note(visitor, entry), inForce(desk)]);
  if (note.status === "rejected") throw note.reason;
  if (changed.status === "rejected") throw changed.reason;
  return changed.value;
}

async function inForce(desk: AdminServices): Promise<KeysChanged> {
  const { version, acknowledgedBy, error } = await desk.reloadAllowlist();
  if (error !== undefined) {
    throw new ApiError(409, "The file was written, but it is not in force.", [{ where: "allow-list", message: error }]);
  }
  const keys = keyRows(readKeyList(desk.allowlistPath), await uses(desk), Date.now());
  return { keys, version, acknowledgedBy };
}

/** What is known of their use; a store that does not answer keeps nobody from managing keys. */
async function uses(desk: AdminServices): Promise<readonly KeyActivity[]> {
  try {
    return (await desk.store?.keyActivity()) ?? [];
  } catch {
    return [];
  }
}

function changeName({ disabled, owner, expiresAt }: KeyChange): string {
  if (disabled === undefined || owner !== undefined || expiresAt !== undefined) return "key.changed";
  return disabled ? "key.disabled" : "key.enabled";
}
