/** What the page tests of one process share: a browser, and a gateway for the files that change nothing in it. */
import { after } from "node:test";
import type { Browser } from "playwright-core";
import { startBrowser } from "./browser.ts";
import { startDashboard, type DashboardFixture, type DashboardOptions } from "./fixture.ts";

let browser: Promise<Browser> | undefined;
let dashboard: Promise<DashboardFixture> | undefined;

/** Starts a gateway for one file; the browser stays open when it is stopped. */
export async function startOwnDashboard(options: Omit<DashboardOptions, "browser"> = {}): Promise<DashboardFixture> {
  browser ??= startBrowser();
  return startDashboard({ ...options, browser: await browser });
}

/** A gateway with the sample company's month of requests, for tests that only read. It ends with the process. */
export function sharedDashboard(): Promise<DashboardFixture> {
  dashboard ??= startOwnDashboard();
  return dashboard;
}

after(async () => {
  try {
    await (await dashboard)?.stop();
  } finally {
    await (await browser)?.close();
  }
});
