import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { AccessTable, buildAccessTable, type AccessRow } from "./access-table.ts";

function digestOf(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}

function row(key: string, over: Partial<AccessRow> = {}): AccessRow {
  return { id: key, owner: `owner of ${key}`, digest: digestOf(key), disabled: false, expiresAt: undefined, ...over };
}

function tableOf(rows: readonly AccessRow[]): AccessTable {
  return new AccessTable(buildAccessTable(rows));
}

test("a listed key finds its client", () => {
  const table = tableOf([row("a"), row("b", { id: "7", owner: "Zoë, 東京", expiresAt: 1_700_000_000_123 })]);
  assert.deepEqual(table.find(digestOf("b")), { id: "7", owner: "Zoë, 東京", expiresAt: 1_700_000_000_123 });
  assert.deepEqual(table.find(digestOf("a")), { id: "a", owner: "owner of a", expiresAt: undefined });
  assert.equal(table.size, 2);
});

test("an unlisted key finds no row, in an empty table too", () => {
  assert.equal(tableOf([row("a")]).find(digestOf("b")), undefined);
  assert.equal(tableOf([]).find(digestOf("a")), undefined);
  assert.equal(tableOf([]).size, 0);
});

test("a disabled row is not in the table", () => {
  const table = tableOf([row("a", { disabled: true }), row("b")]);
  assert.equal(table.find(digestOf("a")), undefined);
  assert.equal(table.size, 1);
});

test("digests that differ in their last byte alone are different keys", () => {
  const digest = digestOf("a");
  const other = Buffer.from(digest);
  other.writeUInt8(other.readUInt8(31) ^ 1, 31);
  const table = tableOf([row("a", { digest })]);
  assert.equal(table.find(other), undefined);
  assert.equal(tableOf([row("a", { digest }), row("b", { digest: other })]).find(other)?.id, "b");
});

test("keys whose digests begin alike all find their own row, around the end of the table too", () => {
  const alike = Array.from({ length: 40 }, (_, index) => {
    const digest = digestOf(`k${index}`);
    digest.writeUInt32LE(0xffff_ffff, 0);
    return row(`k${index}`, { digest });
  });
  const table = tableOf(alike);
  for (const { digest, id } of alike) assert.equal(table.find(digest)?.id, id);
});

test("a digest of the wrong length finds no row", () => {
  const table = tableOf([row("a")]);
  assert.equal(table.find(Buffer.alloc(0)), undefined);
  assert.equal(table.find(digestOf("a").subarray(0, 20)), undefined);
  assert.equal(table.find(Buffer.concat([digestOf("a"), Buffer.alloc(1)])), undefined);
});

test("an all-zero digest is a key like any other", () => {
  const zero = Buffer.alloc(32);
  assert.equal(tableOf([row("a")]).find(zero), undefined);
  assert.equal(tableOf([row("a", { digest: zero })]).find(zero)?.id, "a");
});

test("the same client object is given each time", () => {
  const table = tableOf([row("a")]);
  assert.equal(table.find(digestOf("a")), table.find(digestOf("a")));
});

test("every one of 5,000 keys is found and no other", () => {
  const keys = Array.from({ length: 5000 }, (_, index) => `key-${index}`);
  const table = tableOf(keys.map((key) => row(key)));
  for (const key of keys) assert.equal(table.find(digestOf(key))?.id, key);
  for (const key of keys) assert.equal(table.find(digestOf(`no-${key}`)), undefined);
});

test("memory that is not a table is rejected", () => {
  assert.throws(() => new AccessTable(new SharedArrayBuffer(64)));
  assert.throws(() => new AccessTable(new SharedArrayBuffer(0)));
});
