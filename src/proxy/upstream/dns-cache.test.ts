import assert from "node:assert/strict";
import type { LookupAddress } from "node:dns";
import { test } from "node:test";

import { DnsCache, type Resolve } from "./dns-cache.ts";

type Done = Parameters<Resolve>[2];

interface Setting {
  readonly cache: DnsCache;
  /** Look-ups that the system was asked for and that have no answer yet. */
  readonly asked: Done[];
  now: number;
}

function setting(): Setting {
  const asked: Done[] = [];
  const world: Setting = {
    cache: new DnsCache(
      () => world.now,
      (_host, _options, done) => void asked.push(done),
    ),
    asked,
    now: 1_000,
  };
  return world;
}

const v4 = (address: string): LookupAddress => ({ address, family: 4 });
const v6 = (address: string): LookupAddress => ({ address, family: 6 });

/** The answer of a look-up: addresses or the code of an error; `undefined` while there is none. */
function look({ cache }: Setting, family: 0 | 4 | 6 = 0): { answer: readonly string[] | string | undefined } {
  const seen: { answer: readonly string[] | string | undefined } = { answer: undefined };
  cache.lookup("provider.test", { all: true, family }, (error, addresses) => {
    assert.equal(seen.answer, undefined, "answered once");
    if (error) seen.answer = error.code ?? error.message;
    else seen.answer = typeof addresses === "string" ? [addresses] : addresses.map(({ address }) => address);
  });
  return seen;
}

function reply(world: Setting, ...addresses: readonly LookupAddress[]): void {
  assert.equal(world.asked.length, 1, "the system is asked once");
  world.asked.pop()?.(null, [...addresses]);
}

function fail(world: Setting, code: string): void {
  assert.equal(world.asked.length, 1, "the system is asked once");
  world.asked.pop()?.(Object.assign(new Error(code), { code }), []);
}

function known(...addresses: readonly LookupAddress[]): Setting {
  const world = setting();
  look(world);
  reply(world, ...addresses);
  return world;
}

test("R34: look-ups of one name wait for one question, and share its answer while it is fresh", () => {
  const world = setting();
  const first = [look(world), look(world)];
  reply(world, v4("192.0.2.1"), v4("192.0.2.2"));
  for (const { answer } of first) assert.deepEqual(answer, ["192.0.2.1", "192.0.2.2"]);
  world.now += 29_000;
  assert.deepEqual(look(world).answer, ["192.0.2.1", "192.0.2.2"]);
  assert.equal(world.asked.length, 0);
});

for (const code of ["ENOTFOUND", "EAI_AGAIN"]) {
  test(`R34: a name that cannot be resolved (${code}) fails for those who wait, and is asked for again by the next`, () => {
    const world = setting();
    const waiting = [look(world), look(world)];
    fail(world, code);
    for (const { answer } of waiting) assert.equal(answer, code);
    const next = look(world);
    reply(world, v4("192.0.2.1"));
    assert.deepEqual(next.answer, ["192.0.2.1"]);
  });
}

test("R34: a name that moves is used at its new address once the old answer is no longer fresh; nobody waits for it", () => {
  const world = known(v4("192.0.2.1"));
  world.now += 30_000;
  assert.deepEqual(look(world).answer, ["192.0.2.1"]);
  assert.deepEqual(look(world).answer, ["192.0.2.1"], "still while the system is asked");
  reply(world, v4("192.0.2.9"));
  assert.deepEqual(look(world).answer, ["192.0.2.9"]);
});

test("R34: while the resolver fails the old address is used for ten minutes, and asked for once a second at most", () => {
  const world = known(v4("192.0.2.1"));
  world.now += 60_000;
  for (let asked = 0; asked < 3; asked++) {
    look(world);
    fail(world, "EAI_AGAIN");
    assert.deepEqual([look(world).answer, world.asked.length], [["192.0.2.1"], 0]);
    world.now += 1_000;
  }
  world.now += 600_000;
  const late = look(world);
  fail(world, "EAI_AGAIN");
  assert.equal(late.answer, "EAI_AGAIN");
});

test("R34: a connection that does not come about has the name asked for at once, but not by each that fails", () => {
  const world = known(v4("192.0.2.1"));
  world.cache.recheck("provider.test");
  world.cache.recheck("unheard.test");
  assert.equal(world.asked.length, 0, "the answer is younger than a second");
  world.now += 1_000;
  world.cache.recheck("provider.test");
  world.cache.recheck("provider.test");
  assert.deepEqual(look(world).answer, ["192.0.2.1"], "nobody waits");
  reply(world, v4("192.0.2.9"));
  assert.deepEqual(look(world).answer, ["192.0.2.9"]);
  world.cache.recheck("provider.test");
  assert.equal(world.asked.length, 0);
});

test("R34: where only addresses of one family are wanted, the others are left out", () => {
  const world = known(v6("2001:db8::1"), v4("192.0.2.1"));
  assert.deepEqual(look(world).answer, ["2001:db8::1", "192.0.2.1"]);
  assert.deepEqual(look(world, 4).answer, ["192.0.2.1"]);
  assert.deepEqual(look(world, 6).answer, ["2001:db8::1"]);
  const plain = known(v4("192.0.2.1"));
  assert.equal(look(plain, 6).answer, "ENOTFOUND");
});
