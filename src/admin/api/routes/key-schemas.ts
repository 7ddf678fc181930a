import * as z from "zod";
import type { KeyRow, KeysChanged, KeysImport } from "../contract.ts";
import { named } from "../../server/api-route.ts";

// Request and response bodies of the routes that manage keys.

export const keyRow: z.ZodType<KeyRow> = named(
  "Key",
  z.object({
    id: z.string(),
    owner: z.string(),
    columns: z.record(z.string(), z.string()),
    maskedKey: z.string(),
    state: z.enum(["active", "disabled", "expired"]),
    added: z.string(),
    expiresAt: z.string().nullable(),
    lastUsed: z.string().nullable(),
    requests24h: z.number(),
    cost24h: z.number().nullable(),
    cost30d: z.number().nullable(),
    line: z.number(),
  }),
);
export const keysChanged: z.ZodType<KeysChanged> = named(
  "KeysChanged",
  z.object({
    keys: z.array(keyRow),
    secret: z.string().optional(),
    acknowledgedBy: z.number(),
    version: z.number(),
  }) as unknown as z.ZodType<KeysChanged>, // as: zod's types cannot express exact optional members
);
// A single line, because names appear in tables, logs and a CSV file.
const line = z
  .string()
  .trim()
  .regex(/^\P{Cc}*$/u, "contains a control character");
const id = line.min(1).max(200);
const owner = line.min(1).max(200);
export const newKey = named(
  "NewKey",
  z.strictObject({
    owner,
    id: id.optional(),
    apiKey: z.string().max(4096).optional(),
    expiresAt: z.string().max(40).optional(),
    columns: z.record(z.string().regex(/^[a-z][a-z0-9_]{0,39}$/), line.max(200)).optional(),
  }),
);
export const keyChange = named(
  "KeyChange",
  z
    .strictObject({
      disabled: z.boolean().optional(),
      owner: owner.optional(),
      expiresAt: z.string().max(40).nullable().optional(),
    })
    .refine((change) => Object.keys(change).length > 0, "set at least one of disabled, owner and expiresAt"),
);
export const rotation = named(
  "Rotation",
  z.strictObject({ graceSeconds: z.number().int().min(0).max(31_536_000), apiKey: z.string().max(4096).optional() }),
);
export const keysImport: z.ZodType<KeysImport> = named(
  "KeysImport",
  z.object({
    dryRun: z.boolean(),
    added: z.array(z.string()),
    unchanged: z.array(z.string()),
    changed: z.array(z.string()),
    refused: z.array(z.object({ line: z.number(), message: z.string() })),
  }),
);
