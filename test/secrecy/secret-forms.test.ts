import assert from "node:assert/strict";
import { test } from "node:test";

import { findSecret, formsOf } from "./secret-forms.ts";

const secret = 'sk-canary+with/odd"bytes\\0123456789';

test("each form of a secret is found in a text that contains it", () => {
  for (const [form, needle] of formsOf(secret)) {
    const found = findSecret(`before ${needle} after`, secret).map((finding) => finding.form);
    assert.ok(found.includes(form), form);
  }
});

test("a secret is found in base64 at any offset of the encoded text", () => {
  for (const lead of ["", "a", "ab", "abc", "user:"]) {
    for (const encoding of ["base64", "base64url"] as const) {
      const text = Buffer.from(`${lead}${secret}tail`).toString(encoding);
      assert.notDeepEqual(findSecret(text, secret), [], `${lead} ${encoding}`);
    }
  }
});

test("the last six characters, a digest and other secrets are not found", () => {
  assert.deepEqual(findSecret(`${secret.slice(-6)} ${secret.slice(0, 12)} sk-other`, secret), []);
});
