// Live updates: the first request, requests as they end, and a gateway that stops.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { testKey } from "../harness/gateway.ts";
import { assertAccessible } from "./accessible.ts";
import { becomes, noBrowser, sayIfSkipped } from "./browser.ts";
import { addressOf, readRows, settled, tileValue } from "./shown.ts";
import type { DashboardFixture } from "./fixture.ts";
import { startOwnDashboard } from "./browser-pool.ts";

sayIfSkipped("that the dashboard shows what happens now");

describe("what happens now", { skip: noBrowser }, () => {
  let dashboard: DashboardFixture;
  before(async () => {
    dashboard = await startOwnDashboard({ ledger: "", keys: [testKey] });
  });
  after(() => dashboard?.stop());

  const call = async (key = testKey.key, model = "gpt-4o-mini"): Promise<void> => {
    await (await dashboard.chat(key, { model })).arrayBuffer();
  };

  test("before the first request there are three steps, two of them done; after it there are figures", async (t) => {
    const page = await dashboard.open(t, "?refresh=live");
    await page.getByRole("heading", { name: "Get started" }).waitFor();
    await becomes(page, "two steps are done", async () => (await page.locator(".step.done").count()) === 2);
    await assertAccessible(page, "the first run");
    await call();
    await becomes(page, "the first call counts", async () => (await tileValue(page, "Requests")) === "1");
  });

  test("setup waits for the first request and reports a rejected one with its reason, a failed one as failed, and then the first that works", async (t) => {
    const page = await dashboard.open(t, "setup");
    await settled(page);
    await page.getByRole("button", { name: "OpenAI for Python" }).click();
    await page.getByText("Waiting for the first request…").waitFor();
    await call("sk-absent-key-0123456789");
    await page.getByText("A request arrived and was rejected").waitFor();
    await assertAccessible(page, "rejected");
    await call(testKey.key, "gpt-4o-mini--sim-status-401");
    await page.getByText("A request arrived, but it failed.").waitFor();
    assert.equal(await page.getByText("It works.").count(), 0);
    await assertAccessible(page, "failed");
    await call();
    await page.getByText("It works.").waitFor();
    await assertAccessible(page, "it works");
    await page.getByRole("link", { name: "See its record" }).click();
    await page.getByRole("dialog").waitFor();
  });

  test("a finished request appears on top of the list, and waits while the list is paused", async (t) => {
    const page = await dashboard.open(t, "requests");
    await settled(page);
    await page.getByText("per second", { exact: false }).first().waitFor();
    const models = async (): Promise<readonly string[]> =>
      (await readRows(page, "Requests")).map((row) => row["Model"]?.text ?? "");
    await call(testKey.key, "live-one");
    await becomes(page, "it is on top", async () => (await models())[0]?.startsWith("live-one") === true);
    await page.keyboard.press("Space");
    await page.getByText("Paused").waitFor();
    await call(testKey.key, "live-two");
    await page.getByRole("button", { name: "1 new" }).waitFor();
    assert.ok((await models())[0]?.startsWith("live-one"), "nothing moved");
    await page.keyboard.press("Space");
    await becomes(page, "it is on top", async () => (await models())[0]?.startsWith("live-two") === true);
    await call(testKey.key, "live-three");
    await page
      .getByRole("button", { name: /Live requests are on|^Live$/ })
      .first()
      .click();
    assert.equal((await addressOf(page)).searchParams.get("tail"), "off");
  });

  test("a filter also applies to live requests", async (t) => {
    const page = await dashboard.open(t, "requests?f.model=wanted");
    await settled(page);
    await call(testKey.key, "unwanted");
    await call(testKey.key, "wanted");
    const rows = page.locator("[data-row]");
    await becomes(page, "one row is there", async () => (await rows.count()) === 1);
    assert.match(await rows.innerText(), /wanted/);
  });

  test("a page that loses its gateway says that its figures are out of date, and keeps them", async (t) => {
    const page = await dashboard.open(t, "?refresh=live", { expected: /net::ERR_|Failed to load resource/ });
    await settled(page);
    const shown = await tileValue(page, "Requests");
    dashboard.gateway.signal("SIGTERM");
    await dashboard.gateway.exited();
    await page.getByText("The live connection was lost. Reconnecting…").waitFor();
    await assertAccessible(page, "the banner");
    assert.equal(await tileValue(page, "Requests"), shown);
  });
});
