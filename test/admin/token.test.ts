import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { AdminTokenError, type TokenContext, loadAdminToken } from "../../src/admin/server/token.ts";

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "lmgate-token-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

function context(warnings: string[] = []): TokenContext {
  return { warn: (message) => warnings.push(message), isClientKey: () => false };
}

test("the first start creates a token that only its owner can read, and the next start uses it", (t) => {
  const path = join(directory(t), "data", "admin-token");
  const made = loadAdminToken(path, context());
  assert.equal(made.created, true);
  assert.match(made.token, /^[\w-]{43}$/);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(readFileSync(path, "utf8"), `${made.token}\n`);
  assert.deepEqual(loadAdminToken(path, context()), { token: made.token, created: false });
});

test("every generated token is different", (t) => {
  const path = directory(t);
  assert.notEqual(loadAdminToken(join(path, "a"), context()).token, loadAdminToken(join(path, "b"), context()).token);
});

test("an operator's own token is read without its line end", (t) => {
  const path = join(directory(t), "token");
  writeFileSync(path, "  dG9rZW4tb2YtbXktb3du+/=\r\n", { mode: 0o600 });
  assert.equal(loadAdminToken(path, context()).token, "dG9rZW4tb2YtbXktb3du+/=");
});

const refused: readonly (readonly [text: string, reason: RegExp])[] = [
  ["", /token is empty/],
  [" \n\t ", /token is empty/],
  ["short-15-chars-", /15 characters; at least 16/],
  ["two words of a token", /space/],
  ["first-line-of-two\nsecond-line-of-two", /line break/],
  ["tokenwithanümlaut", /not allowed in a header/],
  ["aaaaaaaaaaaaaaaaaaaaaaaa", /placeholder/],
  ["change-me-change-me", /placeholder/],
  ["CHANGE_ME_PLEASE_1234", /placeholder/],
  ["<your-admin-token>", /placeholder/],
  ["replace-me-with-a-token", /placeholder/],
  ["my-example-token-123", /placeholder/],
  ["admin-token-123456", /placeholder/],
  ["lmgate-token-123456", /placeholder/],
  ["password12345678", /placeholder/],
  ["x0".repeat(2000), /more than 1024 characters/],
];

for (const [text, reason] of refused) {
  test(`R89: a token file with ${JSON.stringify(text.slice(0, 40))} is rejected, and the error does not repeat it`, (t) => {
    const path = join(directory(t), "token");
    writeFileSync(path, text, { mode: 0o600 });
    assert.throws(
      () => loadAdminToken(path, context()),
      (error: unknown) => {
        assert.ok(error instanceof AdminTokenError);
        assert.match(error.message, reason);
        assert.ok(error.message.includes(path));
        const secret = text.trim();
        assert.ok(secret === "" || !error.message.includes(secret));
        return true;
      },
    );
  });
}

test("R89: a token that is also a key on the allow-list is rejected", (t) => {
  const path = join(directory(t), "token");
  const key = "sk-proj-0123456789abcdef";
  writeFileSync(path, key, { mode: 0o600 });
  assert.throws(
    () => loadAdminToken(path, { warn: () => {}, isClientKey: (text) => text === key }),
    /is also a key of the allow-list/,
  );
});

test("a token file that others can read is used, with a warning", (t) => {
  const path = join(directory(t), "token");
  writeFileSync(path, "dG9rZW4tb2YtbXktb3du");
  chmodSync(path, 0o644);
  const warnings: string[] = [];
  assert.equal(loadAdminToken(path, context(warnings)).token, "dG9rZW4tb2YtbXktb3du");
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? "", /chmod 600/);
});

test("a token that cannot be read or created is an error that names the file, and leaves nothing behind", (t) => {
  const path = directory(t);
  assert.throws(() => loadAdminToken(path, context()), /admin token file .* cannot be read/);
  writeFileSync(join(path, "file"), "");
  assert.throws(() => loadAdminToken(join(path, "file", "token"), context()), AdminTokenError);
  assert.deepEqual(readdirSync(path), ["file"]);
});
