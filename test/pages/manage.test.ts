// A change made on a page applies to the next request.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Locator, Page } from "playwright-core";
import { assertAccessible, assertFits } from "./accessible.ts";
import { noBrowser, sayIfSkipped, SMALL_PHONE } from "./browser.ts";
import { readLedger } from "./counted.ts";
import { settled } from "./shown.ts";
import { companyList, type DashboardFixture } from "./fixture.ts";
import { startOwnDashboard } from "./browser-pool.ts";

sayIfSkipped("that keys and prices of the dashboard hold for the next call");

describe("what is changed on a page", { skip: noBrowser }, () => {
  let dashboard: DashboardFixture;
  before(async () => {
    dashboard = await startOwnDashboard();
  });
  after(() => dashboard?.stop());

  const statusOf = async (key: string): Promise<number> => {
    const response = await dashboard.chat(key);
    await response.arrayBuffer();
    return response.status;
  };
  const keysPage = async (t: Parameters<DashboardFixture["open"]>[0]): Promise<Page> => {
    const page = await dashboard.open(t, "keys");
    await settled(page);
    return page;
  };
  /** Chooses an action from the menu of a key's row. */
  const act = async (page: Page, id: string, action: string): Promise<Locator> => {
    await page.getByRole("button", { name: `Actions for ${id}`, exact: true }).click();
    await page.getByRole("button", { name: action }).click();
    const dialog = page.getByRole("dialog", { name: new RegExp(id) });
    await dialog.waitFor();
    return dialog;
  };

  test("a generated key is shown once and admits the next request; after it is revoked, the next one is rejected", async (t) => {
    const page = await keysPage(t);
    await page.getByRole("button", { name: "Add key" }).click();
    const form = page.getByRole("dialog", { name: "Add a key" });
    await assertAccessible(page, "the form", { within: "dialog" });
    await form.getByLabel("Owner").fill("newcomer");
    await form.getByLabel("ID", { exact: true }).fill("newcomer-laptop");
    await page.keyboard.press("Enter");
    const shown = page.getByRole("dialog", { name: "New key" });
    await shown.waitFor();
    const secret = (await shown.locator(".secret pre").innerText()).trim();
    assert.match(secret, /^lmg_/);
    await assertAccessible(page, "the new key", { within: "dialog" });
    assert.equal(await statusOf(secret), 200);
    await shown.getByRole("button", { name: "Done" }).click();
    await page.getByRole("row", { name: /newcomer-laptop/ }).waitFor();
    assert.ok(!(await page.locator("body").innerText()).includes(secret));

    const revoke = await act(page, "newcomer-laptop", "Revoke");
    assert.ok(await revoke.getByRole("button", { name: "Revoke" }).isDisabled(), "it has to be confirmed");
    await revoke.getByLabel(/To confirm/).fill("newcomer-laptop");
    await revoke.getByRole("button", { name: "Revoke" }).click();
    await revoke.waitFor({ state: "detached" });
    assert.equal(await statusOf(secret), 403);
    assert.ok(!readFileSync(join(dashboard.gateway.dataDir, "audit.jsonl"), "utf8").includes(secret));
  });

  test("an added provider key works for the next request", async (t) => {
    const key = "sk-given-0123456789-abcdefgh";
    assert.equal(await statusOf(key), 403);
    const page = await keysPage(t);
    await page.getByRole("button", { name: "Add key" }).click();
    const form = page.getByRole("dialog", { name: "Add a key" });
    await form.getByRole("button", { name: "Add a provider key" }).click();
    await form.getByLabel("Owner").fill("ines");
    await form.getByLabel("Provider key").fill(key);
    await form.getByRole("button", { name: "Add key" }).click();
    await form.waitFor({ state: "detached" });
    assert.equal(await statusOf(key), 200);
  });

  test("a disabled key is rejected until it is enabled again", async (t) => {
    const key = keyOf("ravi");
    const page = await keysPage(t);
    assert.equal(await statusOf(key), 200);
    const disable = await act(page, "ravi", "Disable");
    await assertAccessible(page, "the question", { within: "dialog" });
    await disable.getByRole("button", { name: "Disable" }).click();
    await disable.waitFor({ state: "detached" });
    assert.equal(await statusOf(key), 403);
    const enable = await act(page, "ravi", "Enable");
    await enable.getByRole("button", { name: "Enable" }).click();
    await enable.waitFor({ state: "detached" });
    assert.equal(await statusOf(key), 200);
  });

  test("a rotated key works beside the new one for the chosen overlap", async (t) => {
    const old = keyOf("fatima");
    const page = await keysPage(t);
    const rotate = await act(page, "fatima", "Rotate");
    await rotate.getByRole("button", { name: "Rotate" }).click();
    const shown = page.getByRole("dialog", { name: "New key" });
    await shown.waitFor();
    const secret = (await shown.locator(".secret pre").innerText()).trim();
    await page.keyboard.press("Escape");
    assert.deepEqual([await statusOf(old), await statusOf(secret)], [200, 200]);
  });

  test("an import shows a preview first, and names the line of each mistake", async (t) => {
    const page = await keysPage(t);
    await page.getByRole("button", { name: "Import" }).click();
    const dialog = page.getByRole("dialog", { name: "Import keys" });
    await dialog.getByLabel("Or paste its text").fill("id,api_key,owner,added\nimported,,dora,2026-11-01\n");
    await dialog.getByRole("button", { name: "Preview changes" }).click();
    await dialog.getByText("line 2", { exact: true }).waitFor();
    await assertAccessible(page, "the import", { within: "dialog" });
    const text = "id,api_key,owner,added\nimported,sk-imported-0123456789,dora,2026-11-01\n";
    await dialog.getByLabel("Or paste its text").fill(text);
    await dialog.getByRole("button", { name: "Preview changes" }).click();
    await dialog.getByText("1 new").waitFor();
    assert.equal(await statusOf("sk-imported-0123456789"), 403);
    await dialog.getByRole("button", { name: "Import 1 key" }).click();
    await dialog.waitFor({ state: "detached" });
    assert.equal(await statusOf("sk-imported-0123456789"), 200);
  });

  test("a price for an unpriced model sets the cost of the next request until it is removed", async (t) => {
    const model = "qwen3-30b-a3b";
    const page = await dashboard.open(t, "prices");
    await settled(page);
    await page.getByRole("button", { name: `Set price for ${model}` }).click();
    const dialog = page.getByRole("dialog", { name: `Price of ${model}` });
    await assertAccessible(page, "the price", { within: "dialog" });
    await dialog.getByLabel("Input", { exact: true }).fill("1.5");
    await dialog.getByLabel("Output").fill("4");
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.waitFor({ state: "detached" });
    const before = readLedger(dashboard.gateway.statsPath).length;
    await (await dashboard.chat(keyOf("chen"), { provider: "local", model })).arrayBuffer();
    const record = (await dashboard.gateway.records(before + 1)).findLast(({ provider }) => provider === "local");
    assert.ok(record);
    const cost = ((record.total_input_tokens ?? 0) * 1.5 + (record.total_output_tokens ?? 0) * 4) / 1e6;
    assert.ok(cost > 0 && Math.abs((record.cost_usd ?? 0) - cost) < 1e-12, `${record.cost_usd} and not ${cost}`);
    assert.equal(record.cost_source, "override");
    await page.goto(`/ui/prices?source=override`);
    await settled(page);
    await page.getByRole("button", { name: `Set a price for ${model}` }).click();
    await dialog.getByRole("button", { name: "Use list price" }).click();
    await page.getByText("No matching prices").waitFor();
  });

  test("a reload that cannot reach the gateway says so, and blames no file", async (t) => {
    const page = await dashboard.open(t, "system", { expected: /net::ERR_|Failed to load resource/ });
    await settled(page);
    await page.route("**/api/v1/reload", (route) => route.abort());
    await page.getByRole("button", { name: "Reload" }).click();
    await page.locator(".toast.failed").getByText("Could not reach the gateway.").waitFor();
    assert.equal(await page.getByText("The allow-list file is invalid").count(), 0);
  });

  test("the forms fit a phone", async (t) => {
    const page = await keysPage(t);
    await assertFits(page, SMALL_PHONE);
    // A dialog opens only after the next paint.
    const form = page.getByRole("dialog");
    await page.getByRole("button", { name: "Add key" }).click();
    await form.waitFor();
    await assertFits(page, SMALL_PHONE);
    await page.keyboard.press("Escape");
    await form.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Import" }).click();
    await form.waitFor();
    await assertFits(page, SMALL_PHONE);
  });
});

function keyOf(id: string): string {
  const found = companyList.find((key) => key.id === id);
  assert.ok(found, `there is no element ${id}`);
  return found.key;
}
