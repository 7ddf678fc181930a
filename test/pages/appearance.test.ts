// Every page: it loads without a complaint, everyone can use it, in both themes, and it fits a phone.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { assertAccessible, assertFits } from "./accessible.ts";
import { noBrowser, PHONE, sayIfSkipped, SMALL_PHONE } from "./browser.ts";
import { settled } from "./shown.ts";
import { startWorld, type World } from "./world.ts";

const PAGES: Readonly<Record<string, string>> = {
  "?from=-30d&compare=previous": "Overview",
  "explore?from=-30d&by=owner,model": "Explore",
  "explore?from=-30d&view=heat": "Explore",
  "requests?from=-30d": "Requests",
  "latency?from=-30d": "Latency",
  "errors?from=-30d": "Errors & limits",
  keys: "Keys",
  "keys/nadia?from=-30d": "nadia",
  prices: "Prices",
  setup: "Setup",
  system: "System",
  "no-such-page": "No such page",
  "?f.owner=nobody-of-that-name": "Overview",
};

interface Opened {
  readonly path?: string;
  readonly open: (page: Page) => Promise<void>;
  readonly within?: string;
}

/** What opens over a page, and how. */
const OPENED: Readonly<Record<string, Opened>> = {
  "the time range": { open: (page) => page.locator("#range-button").click() },
  "the filter menu": { open: (page) => page.locator("#filter-button").click() },
  "the values of a filter": {
    open: async (page) => {
      await page.locator("#filter-button").click();
      await page.getByRole("button", { name: "Status" }).click();
      await page.getByRole("checkbox").first().waitFor();
    },
  },
  "the refresh menu": { open: (page) => page.locator(".refresh button").first().click() },
  "the time zones": { open: (page) => page.locator(".zone button").first().click() },
  "the export menu": { open: (page) => page.locator("#export-button").click() },
  "the help sheet": { open: (page) => page.keyboard.press("?"), within: "dialog" },
  "the menu of a point": {
    open: (page) => page.locator(".u-over").click({ button: "right", position: { x: 180, y: 60 } }),
  },
  "a call": {
    path: "requests?from=-30d",
    open: (page) => page.locator("[data-row]").first().click(),
    within: "dialog",
  },
};

sayIfSkipped("how every page looks, and whether everyone can use it");

describe("every page", { skip: noBrowser }, () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world?.stop());

  for (const [path, heading] of Object.entries(PAGES)) {
    test(`/ui/${path} loads, has no fault that axe-core knows in either theme, and fits phones`, async (t) => {
      const page = await world.open(t, path);
      await settled(page);
      assert.equal(await page.locator("h1").innerText(), heading);
      await assertAccessible(page, "light");
      await page.emulateMedia({ colorScheme: "dark" });
      await assertAccessible(page, "dark", { colorsAlone: true });
      await assertFits(page, SMALL_PHONE);
      await assertFits(page, PHONE);
      await assertAccessible(page, "on a phone");
    });
  }

  for (const [name, { path = "?from=-30d", open, within = ".popover" }] of Object.entries(OPENED)) {
    test(`${name} opens without a fault that axe-core knows in either theme, and fits a phone`, async (t) => {
      const page = await world.open(t, path);
      await settled(page);
      await open(page);
      await page.locator(within).first().waitFor();
      await settled(page);
      await assertAccessible(page, "light", { within });
      await page.emulateMedia({ colorScheme: "dark" });
      await assertAccessible(page, "dark", { within, colorsAlone: true });
      await page.keyboard.press("Escape");
      await assertFits(page, SMALL_PHONE);
      await open(page);
      await assertFits(page, SMALL_PHONE);
    });
  }

  test("on a phone the rest of the pages is in a menu at the foot", async (t) => {
    const page = await world.open(t, "?from=-30d", { size: PHONE });
    await settled(page);
    const foot = page.locator(".bottom-nav");
    await foot.getByRole("button", { name: "More", exact: true }).click();
    await assertAccessible(page, "the menu", { within: ".popover" });
    await foot.getByRole("link", { name: "Latency" }).click();
    await page.getByRole("heading", { name: "Latency", level: 1 }).waitFor();
  });

  test("the theme follows the system until one is chosen, which a reload keeps", async (t) => {
    const page = await world.open(t, "setup", { theme: "dark" });
    const ink = (): Promise<string> => page.locator("h1").evaluate(colorOf);
    await settled(page);
    const dark = await ink();
    await page.emulateMedia({ colorScheme: "light" });
    assert.notEqual(await ink(), dark);
    const button = page.getByRole("button", { name: /^Colors:/ });
    while ((await button.getAttribute("title"))?.includes("dark") !== true) await button.click();
    assert.equal(await ink(), dark);
    await page.reload();
    await settled(page);
    assert.equal(await ink(), dark);
  });
});

/** Runs in the page. */
function colorOf(element: unknown): string {
  const window = globalThis as unknown as { getComputedStyle(of: unknown): { color: string } }; // a browser's
  return window.getComputedStyle(element).color;
}
