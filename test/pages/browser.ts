/** A real Chromium, headless, and pages in it that fail their test when anything goes wrong behind its back. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { TestContext } from "node:test";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
// On a machine that does much else at the same time.
const PATIENCE_MS = 20_000;

const executablePath = (process.env["PATH"] ?? "")
  .split(delimiter)
  .flatMap((folder) => NAMES.map((name) => join(folder, name)))
  .find((path) => existsSync(path));

/** For the option `skip` of a suite: false where there is a browser. */
export const noBrowser: string | false = executablePath === undefined && "no Chromium is installed";

/** Said aloud, so that nobody takes a green run for one that saw the pages. */
export function sayIfSkipped(what: string): void {
  if (noBrowser !== false) process.stderr.write(`!!! SKIPPED: ${noBrowser}; not tried in a browser: ${what}\n`);
}

/** With a profile of its own, which goes with it. */
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
  /** Where the admin listener is, and the cookie of a session there. */
  readonly origin: string;
  readonly cookie?: { readonly name: string; readonly value: string };
  readonly theme?: "light" | "dark";
  readonly size?: Size;
  readonly timeZone?: string;
  readonly scale?: number;
  /** Errors on the console that are part of the test: a rejected sign-in is one. */
  readonly expected?: RegExp;
}

/** A page of a context of its own. Whatever the console complains of, whoever opens a dialog or asks elsewhere fails it. */
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
  context.setDefaultTimeout(PATIENCE_MS);
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

/** Resolves once `holds`; what a browser draws next has no event a test could wait for. */
export async function becomes(page: Page, what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline;) {
    if (await holds()) return;
    await page.waitForTimeout(25);
  }
  throw new Error(`waited ${PATIENCE_MS / 1000} s until ${what}`);
}
