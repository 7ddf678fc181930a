/** Checks a page with axe-core. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { becomes, type Size } from "./browser.ts";

const AXE = readFileSync(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

interface Finding {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** The global that the injected script defines in the page. */
interface WithAxe {
  readonly axe?: { run(context: string, options: object): Promise<{ readonly violations: readonly Finding[] }> };
}

interface Looked {
  /** The element over the page; what it covers cannot be clicked and is checked without it. */
  readonly within?: string;
  /** Checks only colors for another theme, and everything but colors for another size, because nothing else can differ. */
  readonly colors?: "alone" | "not";
}

export async function assertAccessible(page: Page, what: string, looked: Looked = {}): Promise<void> {
  const runOnly =
    looked.colors === "alone"
      ? { type: "rule", values: ["color-contrast", "link-in-text-block"] }
      : { type: "tag", values: RULES };
  const isThere = await page.evaluate(() => (globalThis as WithAxe).axe !== undefined); // it is a script's global
  if (!isThere) await page.evaluate(AXE);
  const found = await page.evaluate(
    async ([context, options]) => {
      const result = await (globalThis as WithAxe).axe?.run(context, options);
      return result?.violations.map(({ id, help, nodes }) => ({
        id,
        help,
        nodes: nodes.map(({ html, failureSummary }) => `${html} ${failureSummary ?? ""}`),
      }));
    },
    [
      looked.within ?? "html",
      { runOnly, resultTypes: ["violations"], rules: { "color-contrast": { enabled: looked.colors !== "not" } } },
    ] as const,
  );
  assert.deepEqual(found, [], what);
}

interface Root {
  readonly document: { readonly documentElement: { readonly scrollWidth: number; readonly clientWidth: number } };
}

/** Checks that the page needs no horizontal scrolling. Charts take their new size with the next frame. */
export async function assertFits(page: Page, size: Size): Promise<void> {
  await page.setViewportSize(size);
  let content = 0;
  await becomes(page, `the page fits ${size.width} px`, async () => {
    const root = await page.evaluate(() => {
      const { scrollWidth, clientWidth } = (globalThis as unknown as Root).document.documentElement; // a page has one
      return { scrollWidth, clientWidth };
    });
    content = root.scrollWidth;
    return root.clientWidth === size.width && root.scrollWidth <= size.width;
  }).catch((cause: unknown) => assert.fail(`${content} px wide content: ${String(cause)}`));
}
