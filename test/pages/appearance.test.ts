// Every page loads without errors, is accessible in both themes, and fits a phone.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { assertAccessible, assertFits } from "./accessible.ts";
import { becomes, noBrowser, PHONE, sayIfSkipped, SMALL_PHONE } from "./browser.ts";
import { settled } from "./shown.ts";
import { sampled } from "../harness/sampling.ts";
import type { DashboardFixture } from "./fixture.ts";
import { sharedDashboard } from "./browser-pool.ts";

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
  "no-such-page": "Page not found",
  "?f.owner=unknown-owner": "Overview",
};

/** What opens over a page, and the steps that open it. */
const MENUS: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  "the time range": (page) => page.locator("#range-button").click(),
  "the filter menu": (page) => page.locator("#filter-button").click(),
  "the values of a filter": async (page) => {
    await page.locator("#filter-button").click();
    await page.getByRole("button", { name: "Status" }).click();
    await page.getByRole("checkbox").first().waitFor();
  },
  "the refresh menu": (page) => page.locator(".refresh button").first().click(),
  "the time zones": (page) => page.locator(".zone button").first().click(),
  "the export menu": (page) => page.locator("#export-button").click(),
  "the menu of a point": (page) => page.locator(".u-over").click({ button: "right", position: { x: 180, y: 60 } }),
};

sayIfSkipped("how every page looks, and whether everyone can use it");

describe("every page", { skip: noBrowser, concurrency: 2 }, () => {
  let dashboard: DashboardFixture;
  before(async () => {
    dashboard = await sharedDashboard();
  });

  // Every page is checked in the light theme and fits both phones. Dark and phone checks are sampled, because they find the
  // same mistakes on most pages.
  const darkPages = new Set(sampled(Object.keys(PAGES), 3));
  const phonePages = new Set(sampled(Object.keys(PAGES).toReversed(), 3));

  for (const [path, heading] of Object.entries(PAGES)) {
    test(`/ui/${path} loads, passes axe-core, and fits phones`, async (t) => {
      const page = await dashboard.open(t, path);
      await settled(page);
      assert.equal(await page.locator("h1").innerText(), heading);
      await assertAccessible(page, "light");
      if (darkPages.has(path)) {
        await page.emulateMedia({ colorScheme: "dark" });
        await assertAccessible(page, "dark", { colors: "alone" });
      }
      await assertFits(page, SMALL_PHONE);
      await assertFits(page, PHONE);
      if (phonePages.has(path)) await assertAccessible(page, "on a phone", { colors: "not" });
    });
  }

  test("every menu passes axe-core in both themes and fits a phone", async (t) => {
    const page = await dashboard.open(t, "?from=-30d");
    await settled(page);
    const opened = async (
      name: string,
      open: (page: Page) => Promise<void>,
      look: () => Promise<void>,
    ): Promise<void> => {
      await open(page);
      await page.locator(".popover").waitFor();
      await look().catch((cause: unknown) => assert.fail(`${name}: ${String(cause)}`));
      await page.keyboard.press("Escape");
      await page.locator(".popover").waitFor({ state: "detached" });
    };
    for (const [name, open] of Object.entries(MENUS)) {
      await page.emulateMedia({ colorScheme: "light" });
      await opened(name, open, async () => {
        await assertAccessible(page, "light", { within: ".popover" });
        await page.emulateMedia({ colorScheme: "dark" });
        await assertAccessible(page, "dark", { within: ".popover", colors: "alone" });
      });
    }
    await assertFits(page, SMALL_PHONE);
    for (const [name, open] of Object.entries(MENUS)) await opened(name, open, () => assertFits(page, SMALL_PHONE));
  });

  for (const [name, path] of Object.entries({ "the help sheet": "", "a request": "requests?from=-30d&tail=off" })) {
    test(`${name} passes axe-core in both themes and fits a phone`, async (t) => {
      const page = await dashboard.open(t, path);
      await settled(page);
      if (path === "") await page.keyboard.press("?");
      else await page.locator("[data-row]").first().click();
      await page.getByRole("dialog").waitFor();
      await settled(page);
      await assertAccessible(page, "light", { within: "dialog" });
      await page.emulateMedia({ colorScheme: "dark" });
      await assertAccessible(page, "dark", { within: "dialog", colors: "alone" });
      await assertFits(page, SMALL_PHONE);
    });
  }

  test("on a phone the other pages are in a menu of the bottom bar", async (t) => {
    const page = await dashboard.open(t, "?from=-30d", { size: PHONE });
    await settled(page);
    const foot = page.locator(".bottom-nav");
    await foot.getByRole("button", { name: "More", exact: true }).click();
    await assertAccessible(page, "the menu", { within: ".popover" });
    await foot.getByRole("link", { name: "Latency" }).click();
    await page.getByRole("heading", { name: "Latency", level: 1 }).waitFor();
  });

  test("the theme follows the system until one is chosen, and a reload keeps the choice", async (t) => {
    const page = await dashboard.open(t, "setup", { theme: "dark" });
    const ink = (): Promise<string> => page.locator("h1").evaluate(colorOf);
    await settled(page);
    const dark = await ink();
    await page.emulateMedia({ colorScheme: "light" });
    await becomes(page, "it is light", async () => (await ink()) !== dark);
    const button = page.getByRole("button", { name: /^Colors:/ });
    while ((await button.getAttribute("title"))?.includes("dark") !== true) await button.click();
    await becomes(page, "it is dark", async () => (await ink()) === dark);
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
