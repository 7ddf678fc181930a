// Values that clients and providers put into a record are text on every page, never markup or code.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { readLedger } from "./counted.ts";
import { noBrowser, sayIfSkipped } from "./browser.ts";
import { readRows, settled } from "./shown.ts";
import type { DashboardFixture } from "./fixture.ts";
import { startOwnDashboard } from "./browser-pool.ts";

const HOSTILE: readonly string[] = [
  `<img src=x onerror="alert(1);pwned=1">`,
  `"><svg onload="alert(1);pwned=1">`,
  `</script><script>alert(1);pwned=1</script>`,
  `javascript:alert(1);pwned=1`,
  `{{constructor.constructor('alert(1)')()}}\${alert(1)}`,
  `'-alert(1)-'`,
  `<a href="javascript:alert(1)">x</a>`,
  `<iframe srcdoc="<script>alert(1)</script>"></iframe>`,
  `<style>*{display:none}</style>`,
  `\u202egpj.exe\u202c رضائ`,
  `a\u0000b\u001b[31m`,
  `__proto__`,
  `constructor`,
  `&lt;b&gt;&#x27;`,
  `%3Cscript%3E`,
  `x`.repeat(700),
];

function ledger(): string {
  const until = Date.now();
  const lines = HOSTILE.map((text, at) =>
    JSON.stringify({
      timestamp: new Date(until - (HOSTILE.length - at) * 60_000).toISOString(),
      lmgate_id: text,
      provider: "openai",
      endpoint: `/openai/v1/${text}`,
      model: text,
      status: 500,
      input_tokens: null,
      output_tokens: null,
      masked_key: "abc123",
      error_type: text,
      id: `01a17784-e46c-7c9a-a013-${at.toString(16).padStart(12, "0")}`,
      schema: 1,
      owner: text,
      method: "POST",
      operation: "chat",
      stream: false,
      duration_ms: 12.5,
      request_bytes: 900,
      response_bytes: 240,
      usage_source: "none",
      usage_state: "not_applicable",
      request_id: text,
      user_agent: text,
      client_ip: "10.0.0.1",
      tags: { team: text, [text]: text },
    }),
  );
  return `${lines.join("\n")}\n`;
}

/** The visible form of a text: browsers render a line break or a NUL as nothing. */
const readable = (text: string): string => text.replaceAll(/[\s\0]+/g, " ").trim();

sayIfSkipped("that hostile records are shown as text");

describe("S55: hostile records", { skip: noBrowser, concurrency: 2 }, () => {
  let dashboard: DashboardFixture;
  before(async () => {
    // The owner of a key too, because the pages of keys show it.
    const keys = HOSTILE.slice(0, 3).map((text, at) => ({
      id: `"${text.replaceAll('"', '""')}"`,
      key: `sk-hostile-${at}-0123456789`,
      owner: `"${text.replaceAll('"', '""')}"`,
    }));
    dashboard = await startOwnDashboard({ ledger: ledger(), keys });
  });
  after(() => dashboard?.stop());

  const PATHS: readonly string[] = [
    "?from=-1h&by=owner&metric=requests",
    "?from=-1h&by=provider&metric=errors",
    "explore?from=-1h&by=owner,model&metric=requests",
    "explore?from=-1h&by=tag:team,error_type&metric=requests&view=line",
    "explore?from=-1h&by=endpoint,client_app&metric=requests",
    "latency?from=-1h",
    "errors?from=-1h",
    "keys",
    "prices",
    "system",
  ];

  for (const path of PATHS) {
    test(`S55: /ui/${path} shows them as text`, async (t) => {
      const page = await dashboard.open(t, path);
      await settled(page);
      const plot = page.locator(".u-over").first();
      if ((await plot.count()) > 0) await plot.hover();
      await assertHarmless(page);
    });
  }

  test("S55: the list of requests shows each model as it was sent", async (t) => {
    const page = await dashboard.open(t, "requests?from=-1h&refresh=off");
    await settled(page);
    const shown = (await readRows(page, "Requests")).map((row) => readable(row["Model"]?.text ?? ""));
    for (const text of HOSTILE) {
      assert.ok(
        shown.some((cell) => cell.startsWith(readable(text))),
        `${text} is not among ${shown.join(" | ")}`,
      );
    }
    await assertHarmless(page);
  });

  test("S55: the drawer shows every field as it was sent", async (t) => {
    const page = await dashboard.open(t, "requests?from=-1h&refresh=off");
    await settled(page);
    for (const at of [0, 5, 13, 15]) {
      await page.locator("[data-row]").nth(at).click();
      const drawer = page.getByRole("dialog");
      await drawer.getByText("10.0.0.1").first().waitFor();
      await assertHarmless(page);
      await page.keyboard.press("Escape");
      await drawer.waitFor({ state: "detached" });
    }
  });

  test("S55: an address with such values filters by them and shows them as text", async (t) => {
    const records = readLedger(dashboard.gateway.statsPath);
    for (const text of HOSTILE.slice(0, 3)) {
      const query = new URLSearchParams({ from: "-1h", "f.model": text, by: text, metric: text, tz: text, pick: text });
      const page = await dashboard.open(t, `explore?${query.toString()}`);
      await settled(page);
      await page.locator(".chip-text", { hasText: text }).waitFor();
      await assertHarmless(page);
      assert.equal(records.filter(({ model }) => model === text).length, 1);
      assert.equal((await readRows(page, "Groups", "tfoot"))[0]?.["Requests"]?.text, "1");
    }
    const page = await dashboard.open(t, `keys/${encodeURIComponent(HOSTILE[0] ?? "")}`);
    await settled(page);
    await assertHarmless(page);
  });

  test("S55: the filter menu offers them as text", async (t) => {
    const page = await dashboard.open(t, "?from=-1h");
    await settled(page);
    await page.locator("#filter-button").click();
    await page.getByRole("button", { name: "Model" }).click();
    await page.getByRole("checkbox").first().waitFor();
    await assertHarmless(page);
  });
});

interface Window {
  readonly pwned?: unknown;
}

/** Dialogs and blocked scripts fail the test through the checks of the page itself. */
async function assertHarmless(page: Page): Promise<void> {
  assert.equal(await page.evaluate(() => (globalThis as Window).pwned), undefined);
  const planted = page.locator(
    "img[src=x], svg[onload], script:not([src]), iframe, body style, [onerror], [onload], a[href^='javascript:' i]",
  );
  assert.deepEqual(await planted.allInnerTexts(), []);
}
