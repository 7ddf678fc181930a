import assert from "node:assert/strict";
import type { LookupAddress } from "node:dns";
import { test } from "node:test";

import { DnsCache, type Resolve } from "./dns-cache.ts";

type Done = Parameters<Resolve>[2];

interface CacheFixture {
  readonly cache: DnsCache;
  /** The pending lookups of the system's resolver. */
  readonly lookups: Done[];
  now: number;
}

function startFixture(): CacheFixture {
  const lookups: Done[] = [];
  const fixture: CacheFixture = {
    cache: new DnsCache(
      () => fixture.now,
      (_host, _options, done) => void lookups.push(done),
    ),
    lookups: lookups,
    now: 1_000,
  };
  return fixture;
}

const v4 = (address: string): LookupAddress => ({ address, family: 4 });
const v6 = (address: string): LookupAddress => ({ address, family: 6 });

/** The result of a lookup: addresses or the code of an error; `undefined` until there is one. */
function resolve({ cache }: CacheFixture, family: 0 | 4 | 6 = 0): { result: readonly string[] | string | undefined } {
  const seen: { result: readonly string[] | string | undefined } = { result: undefined };
  cache.lookup("provider.test", { all: true, family }, (error, addresses) => {
    assert.equal(seen.result, undefined, "called back once");
    if (error) seen.result = error.code ?? error.message;
    else seen.result = typeof addresses === "string" ? [addresses] : addresses.map(({ address }) => address);
  });
  return seen;
}

function reply(fixture: CacheFixture, ...addresses: readonly LookupAddress[]): void {
  assert.equal(fixture.lookups.length, 1, "the system is asked once");
  fixture.lookups.pop()?.(null, [...addresses]);
}

function fail(fixture: CacheFixture, code: string): void {
  assert.equal(fixture.lookups.length, 1, "the system is asked once");
  fixture.lookups.pop()?.(Object.assign(new Error(code), { code }), []);
}

function known(...addresses: readonly LookupAddress[]): CacheFixture {
  const fixture = startFixture();
  resolve(fixture);
  reply(fixture, ...addresses);
  return fixture;
}

test("R34: lookups of one name wait for one query, and share its result while it is fresh", () => {
  const fixture = startFixture();
  const first = [resolve(fixture), resolve(fixture)];
  reply(fixture, v4("192.0.2.1"), v4("192.0.2.2"));
  for (const { result } of first) assert.deepEqual(result, ["192.0.2.1", "192.0.2.2"]);
  fixture.now += 29_000;
  assert.deepEqual(resolve(fixture).result, ["192.0.2.1", "192.0.2.2"]);
  assert.equal(fixture.lookups.length, 0);
});

for (const code of ["ENOTFOUND", "EAI_AGAIN"]) {
  test(`R34: a name that cannot be resolved (${code}) fails for all who wait, and the next lookup queries again`, () => {
    const fixture = startFixture();
    const waiting = [resolve(fixture), resolve(fixture)];
    fail(fixture, code);
    for (const { result } of waiting) assert.equal(result, code);
    const next = resolve(fixture);
    reply(fixture, v4("192.0.2.1"));
    assert.deepEqual(next.result, ["192.0.2.1"]);
  });
}

test("R34: a moved name is renewed in the background once the old address is no longer fresh", () => {
  const fixture = known(v4("192.0.2.1"));
  fixture.now += 30_000;
  assert.deepEqual(resolve(fixture).result, ["192.0.2.1"]);
  assert.deepEqual(resolve(fixture).result, ["192.0.2.1"], "still while the system is asked");
  reply(fixture, v4("192.0.2.9"));
  assert.deepEqual(resolve(fixture).result, ["192.0.2.9"]);
});

test("R34: while the resolver fails, the old address is used for ten minutes, with at most one query per second", () => {
  const fixture = known(v4("192.0.2.1"));
  fixture.now += 60_000;
  for (let attempt = 0; attempt < 3; attempt++) {
    resolve(fixture);
    fail(fixture, "EAI_AGAIN");
    assert.deepEqual([resolve(fixture).result, fixture.lookups.length], [["192.0.2.1"], 0]);
    fixture.now += 1_000;
  }
  fixture.now += 600_000;
  const late = resolve(fixture);
  fail(fixture, "EAI_AGAIN");
  assert.equal(late.result, "EAI_AGAIN");
});

test("R34: a failed connection queries the name at once, but further failures do not", () => {
  const fixture = known(v4("192.0.2.1"));
  fixture.cache.recheck("provider.test");
  fixture.cache.recheck("unheard.test");
  assert.equal(fixture.lookups.length, 0, "the address is younger than a second");
  fixture.now += 1_000;
  fixture.cache.recheck("provider.test");
  fixture.cache.recheck("provider.test");
  assert.deepEqual(resolve(fixture).result, ["192.0.2.1"], "the cached result is used");
  reply(fixture, v4("192.0.2.9"));
  assert.deepEqual(resolve(fixture).result, ["192.0.2.9"]);
  fixture.cache.recheck("provider.test");
  assert.equal(fixture.lookups.length, 0);
});

test("R34: a lookup for one address family returns no other addresses", () => {
  const fixture = known(v6("2001:db8::1"), v4("192.0.2.1"));
  assert.deepEqual(resolve(fixture).result, ["2001:db8::1", "192.0.2.1"]);
  assert.deepEqual(resolve(fixture, 4).result, ["192.0.2.1"]);
  assert.deepEqual(resolve(fixture, 6).result, ["2001:db8::1"]);
  const plain = known(v4("192.0.2.1"));
  assert.equal(resolve(plain, 6).result, "ENOTFOUND");
});
