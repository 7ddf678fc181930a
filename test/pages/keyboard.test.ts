// The dashboard can be used by keyboard alone: shortcuts, their help, and a focus that is never lost.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { becomes, noBrowser, sayIfSkipped } from "./browser.ts";
import { addressOf, settled } from "./shown.ts";
import type { DashboardFixture } from "./fixture.ts";
import { sharedDashboard } from "./browser-pool.ts";

const GO: Readonly<Record<string, string>> = {
  e: "Explore",
  r: "Requests",
  k: "Keys",
  l: "Latency",
  x: "Errors & limits",
  p: "Prices",
  u: "Setup",
  s: "System",
  o: "Overview",
};
const RANGES = ["-15m", "-1h", "-6h", null, "-7d", "-30d", "month"];

sayIfSkipped("that everything can be done by keyboard");

describe("by keyboard alone", { skip: noBrowser, concurrency: 2 }, () => {
  let dashboard: DashboardFixture;
  before(async () => {
    dashboard = await sharedDashboard();
  });

  const param = async (page: Page, name: string): Promise<string | null> =>
    (await addressOf(page)).searchParams.get(name);
  const focused = (page: Page): Promise<string> =>
    page.locator(":focus").evaluate((element: Focused) => element.ariaLabel ?? element.textContent.trim());

  test("g and a letter open each page and keep range and filters", async (t) => {
    const page = await dashboard.open(t, "?from=-7d&f.provider=openai");
    await settled(page);
    for (const [letter, title] of Object.entries(GO)) {
      await page.keyboard.press("g");
      await page.keyboard.press(letter);
      await page.getByRole("heading", { name: title, level: 1, exact: true }).waitFor();
      assert.equal(await param(page, "from"), "-7d");
      assert.equal(await param(page, "f.provider"), "openai");
    }
  });

  test("digits choose ranges, brackets shift them, c compares, l follows live", async (t) => {
    const page = await dashboard.open(t);
    await settled(page);
    for (const [at, from] of RANGES.entries()) {
      await page.keyboard.press(String(at + 1));
      assert.equal(await param(page, "from"), from);
    }
    await page.keyboard.press("5");
    await page.keyboard.press("[");
    const [from, to] = [await param(page, "from"), await param(page, "to")];
    const week = Date.parse(to ?? "") - Date.parse(from ?? "");
    assert.equal(week, 7 * 86_400_000);
    await page.keyboard.press("[");
    assert.equal(await param(page, "to"), from);
    await page.keyboard.press("]");
    assert.equal(await param(page, "from"), from);
    await page.keyboard.press("5");
    await page.keyboard.press("c");
    assert.equal(await param(page, "compare"), "previous");
    await page.keyboard.press("c");
    assert.equal(await param(page, "compare"), null);
    await page.keyboard.press("l");
    assert.equal(await param(page, "refresh"), "live");
    await page.keyboard.press("l");
    assert.equal(await param(page, "refresh"), null);
  });

  test("the shortcut help traps the focus while it is open and restores it", async (t) => {
    const page = await dashboard.open(t);
    await settled(page);
    await page.locator("#range-button").focus();
    await page.keyboard.press("?");
    const sheet = page.getByRole("dialog", { name: "Keyboard shortcuts" });
    await sheet.waitFor();
    const listed = await sheet.locator("dt").allInnerTexts();
    for (const letter of Object.keys(GO)) assert.ok(listed.some((keys) => keys.replaceAll(/\s/g, "") === `g${letter}`));
    for (let step = 0; step < 8; step++) {
      await page.keyboard.press("Tab");
      const outside = page.locator("main :focus, nav :focus, .global-bar :focus");
      assert.equal(await outside.count(), 0, "the page behind has the focus");
    }
    await page.keyboard.press("5");
    assert.equal(await param(page, "from"), null, "keys mean nothing while the sheet is open");
    await page.keyboard.press("Escape");
    await sheet.waitFor({ state: "detached" });
    assert.equal(await page.locator("#range-button:focus").count(), 1);
  });

  test("/ opens the filter menu, arrows move in it, Escape closes it, and typed letters are text", async (t) => {
    const page = await dashboard.open(t, "?from=-30d");
    await settled(page);
    await page.keyboard.press("/");
    await page.locator(".popover input:focus").waitFor();
    await page.keyboard.type("1 x c");
    assert.equal(await param(page, "from"), "-30d");
    assert.equal(await page.getByRole("textbox", { name: "Filter by" }).inputValue(), "1 x c");
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("#filter-button:focus").count(), 1);
    await page.keyboard.press("/");
    await page.locator(".popover input:focus").waitFor();
    await page.keyboard.press("ArrowDown");
    assert.equal(await focused(page), "Owner");
    await page.keyboard.press("Enter");
    await page.getByRole("checkbox").first().waitFor();
    assert.equal(await focused(page), "Search Owner");
    await page.keyboard.type("nad");
    await page.getByRole("checkbox", { name: /nadia/ }).waitFor();
    await becomes(page, "one is left", async () => (await page.getByRole("checkbox").count()) === 1);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Space");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Owner is nadia", exact: true }).waitFor();
    assert.equal(await param(page, "f.owner"), "nadia");
  });

  test("x opens the export menu, and Escape restores the focus", async (t) => {
    const page = await dashboard.open(t);
    await settled(page);
    await page.keyboard.press("x");
    await page.getByRole("link", { name: "JSON lines" }).first().waitFor();
    assert.equal(await focused(page), "CSV");
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("#export-button:focus").count(), 1);
    assert.equal(await page.locator(".popover").count(), 0);
  });

  test("t shows charts as tables whose rows link to the requests of that time", async (t) => {
    const page = await dashboard.open(t, "?from=-30d");
    await settled(page);
    assert.ok((await page.locator(".chart table tbody tr").count()) > 10, "it is there for screen readers anyway");
    await page.keyboard.press("t");
    await page.locator(".chart-table a").nth(3).press("Enter");
    await page.getByRole("heading", { name: "Requests", level: 1 }).waitFor();
    assert.match((await param(page, "from")) ?? "", /^\d{4}-/);
  });

  test("j and k move between rows, Enter opens one, Escape closes it and restores the focus", async (t) => {
    const page = await dashboard.open(t, "requests?from=-30d&refresh=off");
    await settled(page);
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("k");
    const row = page.locator("[data-row]").nth(1);
    assert.equal(await row.evaluate(isFocused), true);
    await page.keyboard.press("Enter");
    const drawer = page.getByRole("dialog");
    await drawer.waitFor();
    assert.match((await param(page, "id")) ?? "", /^[0-9a-f-]{36}$/);
    await page.keyboard.press("Escape");
    await drawer.waitFor({ state: "detached" });
    assert.equal(await param(page, "id"), null);
    assert.equal(await row.evaluate(isFocused), true);
  });

  test("the first Tab offers to skip the navigation", async (t) => {
    const page = await dashboard.open(t);
    await settled(page);
    await page.keyboard.press("Tab");
    assert.equal(await focused(page), "Skip to content");
    await page.keyboard.press("Enter");
    assert.equal(await page.locator("main:focus").count(), 1);
  });
});

interface Focused {
  readonly ariaLabel: string | null;
  readonly textContent: string;
}

/** Runs in the page. */
function isFocused(element: unknown): boolean {
  const { document } = globalThis as unknown as { document: { readonly activeElement: unknown } }; // a browser's
  return document.activeElement === element;
}
