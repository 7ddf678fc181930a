/** Reads the values that a page shows. */
import type { Page } from "playwright-core";
import { becomes } from "./browser.ts";

export interface ShownCell {
  readonly text: string;
  /** The full text, if the shown text is shortened. */
  readonly title: string;
}

export type ShownRow = Readonly<Record<string, ShownCell>>;

/** The part of a row that is read here. */
interface Row {
  readonly cells: Iterable<Cell>;
}

interface Cell {
  readonly dataset: { readonly label?: string };
  readonly textContent: string;
  querySelector(selector: string): { readonly title: string } | null;
}

/** Reads the rows of a table by column header, or its totals if `part` says so. */
export async function readRows(page: Page, label: string, part: "tbody" | "tfoot" = "tbody"): Promise<ShownRow[]> {
  const found = page.locator(`table[aria-label="${label}"] > ${part} > tr`);
  return found.evaluateAll((rows: readonly unknown[]) =>
    (rows as readonly Row[]).map((row) =>
      // what the locator finds
      Object.fromEntries(
        [...row.cells].map((cell) => [
          cell.dataset.label ?? "",
          { text: cell.textContent.trim(), title: cell.querySelector("[title]")?.title ?? "" },
        ]),
      ),
    ),
  );
}

/** Reads the number in a text; `null` for the dash. */
export function numberOf(text: string): number | null {
  if (text === "—" || text === "") return null;
  const number = Number(text.replaceAll(/[$,%\s\u202f]/g, "").replace("−", "-"));
  if (Number.isNaN(number)) throw new Error(`no number: ${text}`);
  return text.includes("%") ? number / 100 : number;
}

/** Waits until the page has finished loading. */
export async function settled(page: Page): Promise<void> {
  const pending = page.locator("#app:not(:has(h1)), main[aria-busy=true], main .skeleton, main [aria-busy=true]");
  await becomes(page, "everything is loaded", async () => (await pending.count()) === 0);
}

interface Located {
  readonly location: { readonly href: string };
}

/** Reads the address in the page, because the browser reports it a moment later. */
export async function addressOf(page: Page): Promise<URL> {
  return new URL(await page.evaluate(() => (globalThis as unknown as Located).location.href)); // a page has one
}

/** Reads a tile's full number. */
export async function tileValue(page: Page, label: string): Promise<string> {
  const tile = page.locator(".tile", { has: page.getByRole("heading", { name: label, exact: true }) });
  return (await tile.locator(".tile-value").getAttribute("title")) ?? "";
}
