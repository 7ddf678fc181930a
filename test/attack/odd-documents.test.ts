// Names that have a meaning in JavaScript, and JSON that is expensive to parse. Both are forwarded unchanged, the record is
// correct or says that usage is unknown, and no other client has to wait.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import type { RequestRecord } from "../../src/core/request/request-record.ts";
import { startAttackFixture, goodKey, otherKey, request, type AttackFixture } from "./attack-fixture.ts";
import { jsonResponse } from "./recording-upstream.ts";
import { getAdmin } from "./raw-exchange.ts";

const NAMES: readonly string[] = [
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "toString",
  "prototype",
  "valueOf",
  "__defineGetter__",
];
const ALLOWLIST = [
  "id,api_key,owner,added",
  `${goodKey.id},${goodKey.key},Good,2026-11-01`,
  `${otherKey.id},${otherKey.key},__proto__,2026-11-01`,
  ...NAMES.map((name, n) => `${name},sk-named-${n}-0123456789-abc,${name},2026-11-01`),
  "",
].join("\n");

let fixture: AttackFixture;
before(async () => {
  fixture = await startAttackFixture({ allowlist: ALLOWLIST });
});
after(() => fixture.stop());
beforeEach(() => {
  fixture.takeRequests();
  fixture.upstream.respond = (socket) => void socket.write(jsonResponse());
});

async function lastRecord(): Promise<RequestRecord> {
  const records = await fixture.gateway.records(fixture.upstream.seen.requests);
  const last = records.at(-1);
  assert.ok(last !== undefined);
  return last;
}

async function assertHealthy(): Promise<void> {
  assert.equal((await fixture.send(request("GET", "/healthz"))).statuses[0], 200);
  const response = await getAdmin(fixture.gateway.adminPort, "/api/v1/status");
  const status = JSON.parse(response.slice(response.indexOf("\r\n\r\n"))) as {
    threads: { restarts: number; state: string }[];
    polluted?: unknown;
  };
  assert.equal(status.polluted, undefined);
  for (const { restarts, state } of status.threads)
    assert.deepEqual({ restarts, state }, { restarts: 0, state: "running" });
}

test("S31: field names that are members of every object are forwarded unchanged", async () => {
  const lines = NAMES.flatMap((name) => [`${name}: 1`, `${name}: 2`]);
  const { statuses } = await fixture.send(
    request("GET", "/openai/x", `x-api-key: ${goodKey.key}\r\n${lines.join("\r\n")}\r\n`),
  );
  assert.deepEqual(statuses, [200]);
  assert.deepEqual(fixture.takeRequests()[0]?.lines.slice(2), lines);
  fixture.upstream.respond = (socket) =>
    void socket.write(jsonResponse().replace("Content-Type", `${lines.join("\r\n")}\r\nContent-Type`));
  const { responses } = await fixture.send(request("GET", "/openai/x", `x-api-key: ${goodKey.key}\r\n`));
  assert.deepEqual(responses[0]?.lines.slice(0, lines.length), lines);
  await assertHealthy();
});

test("S31: clients and owners with such names are told apart like all others", async () => {
  for (const [n, name] of NAMES.entries()) {
    await fixture.send(request("GET", "/openai/x", `x-lmgate-key: sk-named-${n}-0123456789-abc\r\n`));
    const record = await lastRecord();
    assert.deepEqual([record.lmgate_id, record.owner], [name, name]);
  }
  await assertHealthy();
});

test("S31: models, members, tags and paths with such names are data", async () => {
  for (const name of NAMES) {
    const tags = `x-lmgate-tags: ${name}=1,x=${name}\r\n`;
    const body = `{"${name}":{"polluted":true},"model":"${name}","metadata":{"${name}":{"polluted":1}}}`;
    fixture.upstream.respond = (socket) =>
      void socket.write(
        jsonResponse()
          .replace(/\r\n\r\n[^]*/, "")
          .replace(/Content-Length: \d+/, "Transfer-Encoding: chunked") +
          chunked(
            `{"${name}":{"polluted":true},"model":"${name}","usage":{"prompt_tokens":3,"completion_tokens":5,"total_tokens":8,"${name}":{"polluted":1}}}`,
          ),
      );
    const head = `x-api-key: ${goodKey.key}\r\n${tags}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
    assert.deepEqual((await fixture.send(request("POST", `/openai/v1/chat/completions`, head, body))).statuses, [200]);
    assert.equal(fixture.takeRequests()[0]?.body.toString(), body);
    const record = await lastRecord();
    assert.equal(record.model, name);
    assert.deepEqual([record.input_tokens, record.output_tokens], [3, 5]);
    assert.deepEqual(Object.entries(record.tags ?? {}), [
      [name, "1"],
      ["x", name],
    ]);
    assert.deepEqual(
      (await fixture.send(request("GET", `/${name}/x`, `x-api-key: ${goodKey.key}\r\n`))).statuses,
      [404],
    );
  }
  await assertHealthy();
});

function chunked(text: string): string {
  return `\r\n\r\n${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n0\r\n\r\n`;
}

const USAGE = '"usage":{"prompt_tokens":3,"completion_tokens":5,"total_tokens":8}';
const MILLION = 1_000_000;

/** JSON that is forwarded in both directions, and whether its counters can be read. */
const DOCUMENTS: Readonly<Record<string, readonly [document: string, counted: boolean]>> = {
  "a million open brackets": [`{"model":"m",${USAGE},"x":${"[".repeat(MILLION)}${"]".repeat(MILLION)}}`, true],
  "a million open braces": [`{"model":"m",${USAGE},"x":${'{"a":'.repeat(MILLION)}1${"}".repeat(MILLION)}}`, true],
  "brackets that never close": [`{"model":"m","x":${"[".repeat(MILLION)}`, false],
  "a million members": [
    `{"model":"m",${Array.from({ length: MILLION / 4 }, (_, n) => `"k${n}":1`).join(",")},${USAGE}}`,
    true,
  ],
  "integer-like member names": [
    `{"model":"m",${Array.from({ length: 100_000 }, (_, n) => `"${n * 65_536}":1`).join(",")},${USAGE}}`,
    true,
  ],
  "a number of five megabytes": [`{"model":"m","x":${"9".repeat(5 * MILLION)},${USAGE}}`, true],
  "a string of five megabytes": [`{"model":"m","x":"${"\\\\".repeat(2.5 * MILLION)}",${USAGE}}`, true],
  "a member twice, the last one counts": [`{"model":"first","model":"m","usage":{"prompt_tokens":999},${USAGE}}`, true],
  "members in another case": [`{"model":"m","Model":"other","USAGE":{"prompt_tokens":9},${USAGE}}`, true],
  "escaped names": [
    `{"\\u006dodel":"m","\\u0075sage":{"prompt\\u005ftokens":3,"completion_tokens":5,"total_tokens":8},"x":"\\u0000\\ud800"}`,
    true,
  ],
  "no JSON at all": ["\0\x01\x02 not json \xff\xfe", false],
};

for (const [name, [document, counted]] of Object.entries(DOCUMENTS)) {
  test(`S43: ${name}: is forwarded unchanged both ways, and the gateway responds to others meanwhile`, async () => {
    const bytes = Buffer.from(document, "latin1");
    fixture.upstream.respond = (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${bytes.length}\r\n\r\n`);
      socket.write(bytes);
    };
    const head = `x-api-key: ${goodKey.key}\r\nContent-Type: application/json\r\nContent-Length: ${bytes.length}\r\n`;
    const pending = fixture.send(request("POST", "/openai/v1/chat/completions", head, document));
    const health = await fixture.send(request("GET", "/healthz"));
    assert.deepEqual(health.statuses, [200]);
    const { responses: received } = await pending;
    assert.ok(received[0]?.body.equals(bytes));
    assert.ok(fixture.takeRequests()[0]?.body.equals(bytes));
    const record = await lastRecord();
    assert.deepEqual([record.input_tokens, record.output_tokens], counted ? [3, 5] : [null, null]);
    if (counted) assert.equal(record.model, "m");
    else assert.notEqual(record.usage_reason, undefined);
    await assertHealthy();
  });
}
