// Floods: unknown keys, ever new words, idle connections. Figures that depend on the machine's speed are reported and not
// asserted. The tests assert that others are served and that no memory grows with the flood.
import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";

import { heldBytes } from "../proxy/inspector.ts";
import { connectRaw, type RawPeer } from "../harness/raw-client.ts";
import { bearer, startAttackFixture, goodKey, keyed, request, type AttackFixture } from "./attack-fixture.ts";
import { jsonResponse } from "./recording-upstream.ts";
import { getAdmin, sendRaw } from "./raw-exchange.ts";

const FLOOD = 1_000;
const PIPELINED = 100;
const LOG_LINES_PER_SECOND = 10;
/** Far fewer than the words that are sent; an idle gateway has half of them. */
const MAX_SERIES = 300;
/** How many more floods follow before the memory is looked at again. */
const MORE_FLOODS = 20;
/** The least that a remembered text takes: its characters, their header, and its place in a list. */
const BYTES_OF_TEXT = 64;

let fixture: AttackFixture;
before(async () => {
  fixture = await startAttackFixture({ env: { NODE_OPTIONS: "--inspect=127.0.0.1:0 --expose-gc" } });
});
after(() => fixture.stop());
beforeEach(() => {
  fixture.takeRequests();
  fixture.upstream.respond = (socket) => void socket.write(jsonResponse());
});

/** Sends all of them, a hundred per connection, and returns how many responses had that status. */
async function flood(requests: readonly string[], status: number): Promise<number> {
  const parts = Array.from({ length: Math.ceil(requests.length / PIPELINED) }, (_, at) =>
    requests.slice(at * PIPELINED, (at + 1) * PIPELINED).join(""),
  );
  const transcripts = await Promise.all(parts.map((sent) => sendRaw(fixture.gateway.port, sent)));
  return transcripts.flatMap(({ statuses }) => statuses).filter((each) => each === status).length;
}

function textsOf(count: number, round: (n: number) => string): readonly string[] {
  return Array.from({ length: count }, (_, n) => round(n));
}

async function seriesCount(): Promise<number> {
  return (await getAdmin(fixture.gateway.adminPort, "/metrics"))
    .split("\n")
    .filter((line) => /^lmgate_\w+[{ ]/.test(line)).length;
}

function logLines(word: string): number {
  return fixture.gateway
    .output()
    .stdout.split("\n")
    .filter((line) => line.includes(`"msg":"${word}"`)).length;
}

test("S41: unknown keys, models, paths and user agents leave nothing that grows", async (context) => {
  const floods = (seed: string): Promise<readonly number[]> =>
    Promise.all([
      flood(
        textsOf(FLOOD, (n) => request("GET", "/openai/v1/models", bearer(`sk-${seed}-${n}-0123456789`))),
        403,
      ),
      flood(
        textsOf(FLOOD, (n) => keyed("GET", `/${seed}${n}/x`)),
        404,
      ),
      flood(
        textsOf(FLOOD / 4, (n) =>
          keyed("POST", `/openai/v1/${seed}/${n}`, `User-Agent: ${seed}-${n}\r\nContent-Length: 0\r\n`),
        ),
        200,
      ),
    ]);
  fixture.upstream.respond = (socket, { target }) =>
    void socket.write(jsonResponse({ model: `m-${target.replaceAll("/", "-")}`, usage: { prompt_tokens: 1 } }));
  const isServed = async (seed: string): Promise<void> =>
    assert.deepEqual(await floods(seed), [FLOOD, FLOOD, FLOOD / 4]);
  await isServed("one");
  await isServed("two");
  const held = await heldBytes(fixture.gateway, "data-1");
  for (let more = 0; more < MORE_FLOODS; more++) await isServed(`more${more}`);
  const later = await heldBytes(fixture.gateway, "data-1");
  const series = await seriesCount();
  context.diagnostic(`${series} series; ${held} bytes held after two floods, then ${later}`);
  assert.ok(series > 50 && series < MAX_SERIES, `${series} series`);
  // The rarest of the texts, paths and user agents, must not be remembered either.
  const texts = MORE_FLOODS * 2 * (FLOOD / 4);
  assert.ok(later - held < texts * BYTES_OF_TEXT, `${held} bytes held after two floods, then ${later}`);
});

test("S48: a flood of unknown keys delays no other client, and is logged in a few lines", async (context) => {
  const linesBefore = logLines("rejected");
  const began = performance.now();
  const flooding = flood(
    textsOf(2 * FLOOD, (n) => request("GET", "/openai/v1/models", bearer(`sk-flood-${n}-0123456789`))),
    403,
  );
  const times: number[] = [];
  for (let round = 0; round < 50; round++) {
    const from = performance.now();
    assert.deepEqual((await fixture.send(keyed("GET", "/openai/v1/models"))).statuses, [200]);
    times.push(performance.now() - from);
  }
  assert.equal(await flooding, 2 * FLOOD);
  const seconds = Math.ceil((performance.now() - began) / 1000) + 1;
  const lines = logLines("rejected") - linesBefore;
  context.diagnostic(`slowest of 50 good requests ${Math.max(...times).toFixed(0)} ms; ${lines} lines of the log`);
  assert.ok(lines <= seconds * LOG_LINES_PER_SECOND, `${lines} lines in ${seconds} s`);
  const status = JSON.parse(
    (await getAdmin(fixture.gateway.adminPort, "/api/v1/status")).split("\r\n\r\n")[1] ?? "",
  ) as { refusals: unknown[] };
  assert.ok(status.refusals.length <= 100);
});

test("S49: slow heads, slow readers and silent upstreams, a hundred of each, do not delay a request", async (context) => {
  const openHundred = async (act: (peer: RawPeer) => void): Promise<readonly RawPeer[]> => {
    const peers = await Promise.all(Array.from({ length: 100 }, () => connectRaw(fixture.gateway.port)));
    for (const peer of peers) act(peer);
    return peers;
  };
  const big = "x".repeat(1024 * 1024);
  fixture.upstream.respond = (socket, { target }) => {
    if (target === "/v1/silent") return;
    if (target !== "/v1/big") return void socket.write(jsonResponse());
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${big.length}\r\n\r\n`);
    socket.write(big);
  };
  const peers = [
    ...(await openHundred((peer) => peer.send("GET /openai/x HTTP/1.1\r\nHo"))),
    ...(await openHundred((peer) => peer.send(keyed("GET", "/openai/v1/silent")))),
    ...(await openHundred((peer) => {
      peer.pause();
      peer.send(keyed("GET", "/openai/v1/big"));
    })),
  ];
  const times: number[] = [];
  for (let make = 0; make < 100; make++) {
    const from = performance.now();
    assert.deepEqual((await fixture.send(keyed("GET", "/openai/v1/models"))).statuses, [200]);
    times.push(performance.now() - from);
  }
  times.sort((a, b) => a - b);
  context.diagnostic(
    `100 good calls meanwhile: median ${times[50]?.toFixed(1)} ms, slowest ${times[99]?.toFixed(1)} ms`,
  );
  for (const peer of peers) peer.destroy();
});

test("S47: files that LMGate writes are readable by its user and group at most, the token by its user alone", () => {
  const { dataDir } = fixture.gateway;
  const modes = new Map(
    readdirSync(dataDir)
      .filter((name) => name !== "allowlist.csv") // written by the test
      .map((name) => [name, statSync(join(dataDir, name)).mode & 0o777]),
  );
  assert.equal(modes.get("admin-token"), 0o600);
  assert.equal(modes.get("stats.jsonl"), 0o640);
  const open = [...modes].filter(([, mode]) => (mode & 0o007) !== 0);
  assert.deepEqual(open, []);
});

test("S42: thousands of idle connections do no harm, and health responds meanwhile", async () => {
  const idle: RawPeer[] = [];
  for (let at = 0; at < 20; at++) {
    idle.push(...(await Promise.all(Array.from({ length: 100 }, () => connectRaw(fixture.gateway.port)))));
  }
  assert.deepEqual((await fixture.send(request("GET", "/healthz"))).statuses, [200]);
  assert.deepEqual((await fixture.send(keyed("GET", "/openai/v1/models", `X: ${goodKey.id}\r\n`))).statuses, [200]);
  assert.match(await getAdmin(fixture.gateway.adminPort, "/healthz"), /^HTTP\/1\.1 200/);
  for (const peer of idle) peer.destroy();
});
