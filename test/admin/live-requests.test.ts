// Streams requests as they end, over real sockets, from the file that the ledger writes.
import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { eventStream } from "../../src/admin/server/sse-response.ts";
import { LiveRequests } from "../../src/admin/api/live-requests.ts";
import type { RequestRow } from "../../src/admin/api/contract.ts";
import { historyLines } from "../../src/demo/history-records.ts";
import { testKey } from "../harness/gateway.ts";
import { Waiting } from "../harness/until.ts";
import { startApiGateway } from "./api-gateway.ts";
import { timeZone } from "../../src/store/time/time-zone.ts";
import { readEvents } from "./event-reader.ts";
import { bearer, start, token } from "./start.ts";

test("a request that ends is streamed to listeners whose filters match, also across a rotation", async (t) => {
  const api = await startApiGateway({ config: { store: { enabled: false } } });
  t.after(() => api.stop());
  const url = `${api.gateway.adminUrl}/api/v1/requests/stream`;
  const all = await readEvents(url, api.token);
  const few = await readEvents(`${url}?filter=model%3Dwanted&filter=status%3E%3D200`, api.token);
  for (let round = 0; round < 3; round++) {
    await api.call(testKey.key, `other-${round}`);
    await api.call(testKey.key, "wanted");
    // The last record is in the file that is renamed here.
    assert.equal((await api.ask("POST", "/ledger/rotate")).status, 200);
    const count = 2 * (round + 1);
    await all.until(`${count} calls`, (events) => (models(events).length === count ? true : undefined));
  }
  await few.until("three calls", (events) => (models(events).length === 3 ? true : undefined));
  assert.deepEqual(models(all.events), ["other-0", "wanted", "other-1", "wanted", "other-2", "wanted"]);
  assert.deepEqual(models(few.events), ["wanted", "wanted", "wanted"]);
  const row = all.events.find(({ name }) => name === "call")?.data as RequestRow; // as: the contract's
  assert.partialDeepStrictEqual(row, { provider: "openai", status: 200, owner: "tests", total_tokens: 2_000_000 });
  all.close();
  few.close();
});

test("a filter on the hour or the weekday selects requests by local time, as in a query", async (t) => {
  const api = await startApiGateway({ config: { store: { enabled: false } } });
  t.after(() => api.stop());
  const url = `${api.gateway.adminUrl}/api/v1/requests/stream`;
  // Kiritimati is 14 hours ahead of UTC, so both the hour and, for most of the day, the weekday differ.
  const zone = timeZone("Pacific/Kiritimati") ?? assert.fail("the runtime knows the zone");
  const local = new Date(Date.now() + zone.offsetAt(Date.now()));
  const hours = [local.getUTCHours(), (local.getUTCHours() + 1) % 24].join("%2C");
  const weekdays = [local, new Date(local.getTime() + 3_600_000)].map((time) => ((time.getUTCDay() + 6) % 7) + 1);
  const tz = "tz=Pacific%2FKiritimati";
  const all = await readEvents(url, api.token);
  const thisHour = await readEvents(`${url}?${tz}&filter=hour%3D${hours}`, api.token);
  const otherHours = await readEvents(`${url}?${tz}&filter=hour%21%3D${hours}`, api.token);
  const otherDays = await readEvents(`${url}?${tz}&filter=weekday%21%3D${weekdays.join("%2C")}`, api.token);
  await api.call(testKey.key, "now");
  await thisHour.until("one request", (events) => (models(events).length === 1 ? true : undefined));
  await all.until("one request", (events) => (models(events).length === 1 ? true : undefined));
  assert.deepEqual([models(otherHours.events), models(otherDays.events)], [[], []]);
  for (const stream of [all, thisHour, otherHours, otherDays]) stream.close();
});

test("an invalid filter or rate is rejected before anything is sent", async (t) => {
  const { url } = await start(t);
  for (const query of [
    "filter=modle%3Dx",
    "filter=hour%3Dx",
    "filter=owner%3E%3D1",
    "tz=Nowhere",
    "rate=0",
    "rate=501",
    "rate=1e3",
    "from=-1h",
    "nonsense=1",
  ]) {
    const response = await fetch(url(`/api/v1/requests/stream?${query}`), { headers: bearer(token) });
    assert.equal(response.status, 400, query);
    assert.match(await response.text(), /"errors":\[/);
  }
});

test("requests above the rate are counted as skipped, and none is lost", async (t) => {
  const place = newPlace(t);
  const { events, until } = listenTo(t, place.path, 10);
  await until(() => events[0]?.[0] === "alive");
  appendFileSync(place.path, lines(500, 1).join(""));
  const isStopping = (): number =>
    events.reduce((sum, [name, data]) => sum + (name === "call" ? 1 : name === "skipped" ? countOf(data) : 0), 0);
  await until(() => isStopping() === 500);
  assert.ok(events.filter(([name]) => name === "call").length <= 20);
});

test("a file is followed through renames, removal and truncation, and torn lines wait for their end", async (t) => {
  const place = newPlace(t);
  writeFileSync(place.path, lines(3, 1).join(""));
  const { events, until } = listenTo(t, place.path, 500);
  await until(() => events[0]?.[0] === "alive");
  const ids = (): readonly string[] =>
    events.flatMap(([name, data]) => (name === "call" ? [(data as RequestRow).id] : []));
  const [one = "", two = "", three = "", four = "", five = ""] = lines(5, 2);
  // In the middle of a character of two bytes, too.
  const bytes = Buffer.from(one.replace('"model":"', '"model":"ü'));
  const cut = bytes.indexOf("ü") + 1;
  appendFileSync(place.path, bytes.subarray(0, cut));
  appendFileSync(place.path, bytes.subarray(cut));
  await until(() => ids().length === 1);
  assert.match(JSON.stringify(events), /"model":"ü/);
  appendFileSync(place.path, two);
  renameSync(place.path, `${place.path}.old`);
  appendFileSync(`${place.path}.old`, three);
  writeFileSync(place.path, four);
  await until(() => ids().length === 4);
  rmSync(place.path);
  writeFileSync(place.path, "not a record\n" + five);
  await until(() => ids().length === 5);
  assert.deepEqual(ids(), [one, two, three, four, five].map(idOf));
});

test("a slow reader costs a bounded amount of memory and learns how many events it missed", async () => {
  let send: ((event: string, data: unknown) => boolean) | undefined;
  const response = eventStream(new AbortController().signal, (sender) => {
    send = sender;
    return () => undefined;
  });
  let taken = 0;
  while (send?.("call", { n: taken }) === true) taken++;
  assert.ok(taken > 500 && taken < 2000, `${taken} events wait`);
  const reader = response.body?.getReader();
  await reader?.read();
  await reader?.read();
  assert.equal(send?.("skipped", { count: 1 }), true, "room again after something was read");
  await reader?.cancel();
  assert.equal(send?.("call", {}), false);
});

const utc = timeZone("UTC") ?? assert.fail("the runtime knows UTC");

interface Place {
  readonly path: string;
}

function newPlace(t: TestContext): Place {
  const directory = mkdtempSync(join(tmpdir(), "lmgate-live-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return { path: join(directory, "stats.jsonl") };
}

function listenTo(
  t: TestContext,
  path: string,
  rate: number,
): { events: (readonly [string, unknown])[]; until: (is: () => boolean) => Promise<unknown> } {
  const events: (readonly [string, unknown])[] = [];
  const waiting = new Waiting();
  const stop = new LiveRequests(path).listen({ filters: [], zone: utc, rate }, (name, data) => {
    events.push([name, data]);
    waiting.changed();
    return true;
  });
  t.after(stop);
  return {
    events,
    until: (is) =>
      waiting.until(
        "events",
        () => is() || undefined,
        () => JSON.stringify(events),
      ),
  };
}

function lines(count: number, seed: number): readonly string[] {
  return [...historyLines({ count, until: Date.now(), days: 1, owners: 3, seed })].map(({ text }) => text);
}

function idOf(line: string): string {
  return (JSON.parse(line) as { id: string }).id; // as: the history's own line
}

function countOf(data: unknown): number {
  return (data as { count: number }).count; // as: the contract's
}

function models(events: readonly { readonly name: string; readonly data: unknown }[]): readonly (string | null)[] {
  return events.flatMap(({ name, data }) => (name === "call" ? [(data as RequestRow).model] : [])); // as: the contract's
}
