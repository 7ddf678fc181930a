import assert from "node:assert/strict";
import { test } from "node:test";
import { nearest } from "./did-you-mean.ts";

const WORDS = ["host", "port", "workers", "allowlist_path", "expires_at", "rpm"];

test("typing slips lead to the word that was meant", () => {
  assert.equal(nearest("prot", WORDS), "port");
  assert.equal(nearest("worker", WORDS), "workers");
  assert.equal(nearest("allow-list-path", WORDS), "allowlist_path");
  assert.equal(nearest("expiresAt", WORDS), "expires_at");
  assert.equal(nearest("expire_at", WORDS), "expires_at");
  assert.equal(nearest("RPM", WORDS), "rpm");
});

test("words that only share a few letters are not taken for each other", () => {
  for (const word of ["team", "note", "tpm", "email", "", "x", "timeout"])
    assert.equal(nearest(word, WORDS), undefined, word);
});
