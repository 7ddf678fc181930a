// `npm run screenshots` creates the pictures in docs/screenshots: the demo's history in both themes, for desktop and phone.
// Needs Chromium.
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { DESKTOP, newContext, PHONE, type Size } from "../test/pages/browser.ts";
import { settled } from "../test/pages/shown.ts";
import { companyList, demoLedger, startDashboard } from "../test/pages/fixture.ts";

const RECORDS = 40_000;
const MAX_BYTES = 300 * 1024;

const THEMES = ["light", "dark"] as const;
type Theme = (typeof THEMES)[number];

interface Screenshot {
  readonly name: string;
  readonly path: string;
  /** Runs before the screenshot. */
  readonly prepare?: (page: Page) => Promise<void>;
  /** The themes that are also captured on a phone. */
  readonly onPhone?: readonly Theme[];
}

const pictures: readonly Screenshot[] = [
  { name: "overview", path: "?from=-7d&compare=previous", onPhone: THEMES },
  { name: "explore", path: "explore?from=-30d&by=owner&view=area" },
  {
    name: "requests",
    path: "requests?from=-24h&tail=off&f.model=claude-sonnet-4-5,gpt-5",
    prepare: async (page) => {
      await page.locator("[data-row]").nth(3).click();
      await page.getByRole("dialog").waitFor();
    },
    onPhone: ["dark"],
  },
  { name: "keys", path: "keys" },
];

const folder = join(import.meta.dirname, "..", "docs", "screenshots");
mkdirSync(folder, { recursive: true });
const dashboard = await startDashboard({ ledger: demoLedger(RECORDS) });
try {
  await sendRequests();
  for (const theme of THEMES) {
    for (const picture of pictures) {
      await capture(picture, theme, DESKTOP);
      if (picture.onPhone?.includes(theme)) await capture(picture, theme, PHONE);
    }
  }
} finally {
  await dashboard.stop();
}

/** Adds recent requests, so that the pages show current activity. */
async function sendRequests(): Promise<void> {
  const keys = companyList.slice(0, 6);
  const responses = await Promise.all(keys.map(({ key }) => dashboard.chat(key)));
  await Promise.all(responses.map((response) => response.arrayBuffer()));
  await dashboard.gateway.records(RECORDS + keys.length);
}

async function capture({ name, path, prepare }: Screenshot, theme: Theme, size: Size): Promise<void> {
  const isPhone = size === PHONE;
  const origin = dashboard.gateway.adminUrl;
  const options = { origin, cookie: dashboard.cookie, theme, size, scale: isPhone ? 2 : 1 };
  const context = await newContext(dashboard.browser, options);
  const page = await context.newPage();
  await page.goto(`/ui/${path}`);
  await settled(page);
  await prepare?.(page);
  await settled(page);
  await page.mouse.move(0, 0);
  const file = join(folder, `${name}${isPhone ? "-phone" : ""}-${theme}.png`);
  await page.screenshot({ path: file, animations: "disabled" });
  await context.close();
  const { size: bytes } = statSync(file);
  console.log(`${file}  ${Math.round(bytes / 1024)} KB`);
  if (bytes > MAX_BYTES) throw new Error(`${file} is larger than ${MAX_BYTES / 1024} KB`);
}
