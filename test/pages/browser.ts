/** A headless Chromium whose pages fail their test on any console error or unexpected request. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { TestContext } from "node:test";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { HANG_MS } from "../harness/until.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Chromium uses only the last such list, so the features that playwright-core disables are repeated. The last two are pages
  // of the address bar, which every context would load at a quarter of its cost.
  `--disable-features=${[
    "AimEnabled",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
  ].join(",")}`,
];

const executablePath = (process.env["PATH"] ?? "")
  .split(delimiter)
  .flatMap((folder) => NAMES.map((name) => join(folder, name)))
  .find((path) => existsSync(path));

/** The `skip` option of a suite: false if a browser is installed. */
export const noBrowser: string | false = executablePath === undefined && "no Chromium is installed";

/** Prints a warning, so that a passing run without a browser is not taken for one that opened the pages. */
export function sayIfSkipped(what: string): void {
  if (noBrowser !== false) process.stderr.write(`!!! SKIPPED: ${noBrowser}; not tried in a browser: ${what}\n`);
}

/** Starts a browser with a temporary profile. */
export function startBrowser(): Promise<Browser> {
  if (executablePath === undefined) throw new Error("a test without `skip: noBrowser` asked for a browser");
  return chromium.launch({ executablePath, headless: true, args: FLAGS });
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export const DESKTOP: Size = { width: 1440, height: 900 };
export const PHONE: Size = { width: 390, height: 844 };
export const SMALL_PHONE: Size = { width: 320, height: 640 };

export interface PageOptions {
  /** The origin of the admin port, and the cookie of a session there. */
  readonly origin: string;
  readonly cookie?: { readonly name: string; readonly value: string };
  readonly theme?: "light" | "dark";
  readonly size?: Size;
  readonly timeZone?: string;
  readonly scale?: number;
  /** Errors on the console that are part of the test: a rejected sign-in is one. */
  readonly expected?: RegExp;
}

/** Opens a page in a context of its own. A console error, a dialog or a request to another host fails the test. */
export async function openPage(t: TestContext, browser: Browser, options: PageOptions): Promise<Page> {
  const context = await newContext(browser, options);
  const page = await context.newPage();
  const troubles = watch(page, options);
  t.after(async () => {
    await context.close();
    assert.deepEqual(troubles, []);
  });
  return page;
}

export async function newContext(browser: Browser, options: PageOptions): Promise<BrowserContext> {
  const context = await browser.newContext({
    baseURL: options.origin,
    viewport: options.size ?? DESKTOP,
    colorScheme: options.theme ?? "light",
    deviceScaleFactor: options.scale ?? 1,
    locale: "en-US",
    timezoneId: options.timeZone ?? "Europe/Berlin",
    reducedMotion: "reduce",
    permissions: ["clipboard-read", "clipboard-write"],
  });
  context.setDefaultTimeout(HANG_MS);
  if (options.cookie) await context.addCookies([{ ...options.cookie, url: options.origin }]);
  return context;
}

function watch(page: Page, { origin, expected }: PageOptions): readonly string[] {
  const troubles: string[] = [];
  const note = (text: string): void => {
    if (expected?.test(text) !== true) troubles.push(text);
  };
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) note(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => note(`uncaught: ${error.message}`));
  page.on("dialog", (dialog) => {
    note(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.origin !== origin && !["data:", "blob:"].includes(url.protocol)) note(`asked elsewhere: ${url.href}`);
  });
  return troubles;
}

/** Resolves once `holds` is true; a browser's rendering has no event that a test could wait for. */
export async function becomes(page: Page, what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + HANG_MS; performance.now() < deadline;) {
    if (await holds()) return;
    await page.waitForTimeout(25);
  }
  throw new Error(`waited ${HANG_MS / 1000} s until ${what}`);
}
