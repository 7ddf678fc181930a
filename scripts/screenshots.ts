// `npm run screenshots` takes the pictures in docs/screenshots anew: the demo's month of calls, in both themes, on a desk and
// a phone. Needs a Chromium.
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { DESK, newContext, PHONE, type Size } from "../test/pages/browser.ts";
import { settled } from "../test/pages/shown.ts";
import { companyList, demoLedger, startWorld } from "../test/pages/fixture.ts";

const CALLS = 40_000;
const MAX_BYTES = 300 * 1024;

const THEMES = ["light", "dark"] as const;
type Theme = (typeof THEMES)[number];

interface Picture {
  readonly name: string;
  readonly path: string;
  /** Before it is taken. */
  readonly prepare?: (page: Page) => Promise<void>;
  /** In which themes it is taken on a phone too. */
  readonly onPhone?: readonly Theme[];
}

const pictures: readonly Picture[] = [
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
const world = await startWorld({ ledger: demoLedger(CALLS) });
try {
  await callSome();
  for (const theme of THEMES) {
    for (const picture of pictures) {
      await take(picture, theme, DESK);
      if (picture.onPhone?.includes(theme)) await take(picture, theme, PHONE);
    }
  }
} finally {
  await world.stop();
}

/** Some that ended just now, so that nothing looks forgotten. */
async function callSome(): Promise<void> {
  const keys = companyList.slice(0, 6);
  const answers = await Promise.all(keys.map(({ key }) => world.chat(key)));
  await Promise.all(answers.map((answer) => answer.arrayBuffer()));
  await world.gateway.records(CALLS + keys.length);
}

async function take({ name, path, prepare }: Picture, theme: Theme, size: Size): Promise<void> {
  const isPhone = size === PHONE;
  const origin = world.gateway.adminUrl;
  const options = { origin, cookie: world.cookie, theme, size, scale: isPhone ? 2 : 1 };
  const context = await newContext(world.browser, options);
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
