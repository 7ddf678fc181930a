// The first path segment alone decides where a request goes, and no other part of it can name another host. Joining a path
// to a base URL with a URL parser would send `//evil/x` to evil, and so would prefixes that are matched without their end.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startAttackFixture, keyed, request, type AttackFixture } from "./attack-fixture.ts";

let fixture: AttackFixture;
before(async () => {
  fixture = await startAttackFixture();
});
after(() => fixture.stop());

/** Sends each target with a known key. Returns `[target, status, targets at the upstream]`. */
async function outcomes(
  targets: readonly string[],
): Promise<readonly (readonly [string, number | undefined, string[]])[]> {
  const rows: (readonly [string, number | undefined, string[]])[] = [];
  for (const target of targets) {
    const { statuses } = await fixture.send(keyed("GET", target));
    const forwarded = fixture.takeRequests();
    for (const { lines } of forwarded) assert.ok(lines.includes(`Host: ${fixture.authority}`), target);
    rows.push([target, statuses[0], forwarded.map((recorded) => recorded.target)]);
  }
  return rows;
}

async function assertVerbatim(prefix: string, base: string, rests: readonly string[]): Promise<void> {
  for (const [target, status, reached] of await outcomes(rests.map((rest) => prefix + rest))) {
    assert.equal(status, 200, target);
    assert.deepEqual(reached, [base + target.slice(prefix.length)], target);
  }
}

async function assertRejected(status: number, targets: readonly string[]): Promise<void> {
  for (const [target, found, reached] of await outcomes(targets)) {
    assert.equal(found, status, target);
    assert.deepEqual(reached, [], target);
  }
}

test("S1: a prefix ends with a slash, a question mark or the end of the target", async () => {
  const { evil } = fixture;
  await assertRejected(404, [
    `//${evil}/x`,
    `///${evil}/x`,
    `//openai/x`,
    `/openai@${evil}/x`,
    `/openai.${evil}/x`,
    `/openai:81@${evil}/x`,
    `/openai;${evil}`,
    `/openai;/x`,
    `/openai&x=1`,
    `/openai%3Fx`,
    `/openai:443/x`,
    `/openaix/v1/models`,
    `/open/ai/x`,
    `/http://${evil}/openai/x`,
    `/@${evil}`,
    `/?/openai/x`,
    `/`,
  ]);
});

test("S1: the rest of the target is sent unchanged, with the provider's own authority", async () => {
  const { evil } = fixture;
  await assertVerbatim("/openai", "", [
    `/v1/models`,
    `//${evil}/x`,
    `///${evil}/x`,
    `/http://${evil}/x`,
    `/https:${evil}`,
    `/@${evil}/x`,
    `/:80@${evil}/x`,
    `/x;p=1:verb?next=http://${evil}/&a=//b`,
    `/x?url=http://${evil}/`,
    `/%2F%2F${evil}/x`,
    `/%40${evil}`,
    `/x%0d%0aHost:%20${evil}`,
    `/a%20b//c/`,
  ]);
  await assertVerbatim("/based", "/v1", [`/models`, `//${evil}/x`, `/@${evil}`, `?x=1`, ``]);
});

test("S1: a prefix without a path requests the provider's root", async () => {
  assert.deepEqual(await outcomes(["/openai", "/openai?x=1", "/openai/"]), [
    ["/openai", 200, ["/"]],
    ["/openai?x=1", 200, ["/?x=1"]],
    ["/openai/", 200, ["/"]],
  ]);
});

test("S1: a backslash is rejected, because WHATWG parsers read it as a slash", async () => {
  const { evil } = fixture;
  await assertRejected(400, [`/openai/\\${evil}/x`, `/\\${evil}/x`, `\\\\${evil}/x`, `/openai\\..\\x`, `/openai/x?\\`]);
});

test("S2: a target that leaves its base when it is normalized is rejected in every spelling", async () => {
  await assertRejected(
    400,
    ["/openai", "/based"].flatMap((prefix) =>
      [
        "/../anthropic/x",
        "/..",
        "/x/../../y",
        "/%2e%2e/x",
        "/.%2e/x",
        "/%2E./x",
        "/..%2fx",
        "/%2e%2e%2fx",
        "/x/..%2F..%2Fy",
        "/%252e%252e/x",
        "/%252e%252e%252fx",
        "/..%252fx",
        "/..;/x",
        "/..;a=b/x",
        "/%2e%2e;/x",
        "%2f..",
        "%2f../x",
        "/..%5cx",
        "/%5c..%5cx",
        "/x%5C../y",
        "/..%3fx",
        "/..%23x",
      ].map((rest) => prefix + rest),
    ),
  );
  await assertRejected(400, ["/../openai/x", "/%2e%2e/openai/x", "/..;/openai/x"]);
});

test("S2: dots that do not leave the path are forwarded unchanged", async () => {
  await assertVerbatim("/based", "/v1", [
    "/./x",
    "/.",
    "/x.",
    "/x..",
    "/..x",
    "/.../x",
    "/x..y/z",
    "/%2e/x",
    "/..%20/x",
    "/x?path=/../y",
    "/x?a=%2e%2e%2f",
  ]);
  await assertRejected(404, ["/openai../x", "/openai./x", "/.openai/x", "/./openai/x"]);
});

test("S3: a prefix is compared byte by byte", async () => {
  await assertRejected(404, [
    "/OPENAI/v1/models",
    "/OpenAI/v1/models",
    "/open%61i/v1/models",
    "/%6fpenai/v1/models",
    "/openai%20/x",
    "/openai%c0%af/x",
    "/%c0%ae%c0%ae/openai/x",
    "/%EF%BC%85openai/x",
    "/openai%E2%80%8B/x",
  ]);
});

test("S3: an encoded NUL is rejected anywhere in the target", async () => {
  await assertRejected(400, ["/openai%00", "/openai%00/x", "/openai/%00", "/openai/x%2500", "/openai/x?a=%00"]);
});

test("S3: bytes that a target must not contain are rejected", async () => {
  await assertRejected(400, [
    "/openai/\0x",
    "/openai/x y",
    "/openai/\xc3\xa4",
    "/\xef\xbc\x85openai/x",
    "/openai/x#y",
    "/openai/\x7f",
  ]);
});

test("S12: no spelling of LMGate's own paths on the client port reaches the admin listener or a health response", async () => {
  const paths = [
    "//healthz",
    "/healthz/",
    "/%68ealthz",
    "/healthz%20",
    "/HEALTHZ",
    "/healthz?x=1",
    "/healthz;x",
    "/./healthz",
    "/readyz/",
    "//readyz",
    "/livez//",
    "/metrics",
    "//metrics",
    "/%6detrics",
    "/api/v1/status",
    "//api/v1/status",
    "/api//v1/status",
    "/api%2fv1%2fstatus",
    "/api/v1/status/",
    "/admin",
    "/dashboard",
    "/index.html",
  ];
  for (const path of paths) {
    const { statuses } = await fixture.send(request("GET", path));
    assert.deepEqual(statuses, [403], path);
  }
  await assertRejected(404, paths);
});
