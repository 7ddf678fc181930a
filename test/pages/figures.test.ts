// Overview and Explore show the figures of the ledger, whichever way they are reached.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import type { RequestRecord } from "../../src/core/request/request-record.ts";
import { seededRandom } from "../harness/seeded-random.ts";
import { becomes, noBrowser, sayIfSkipped } from "./browser.ts";
import { countFigures, countGroups, inRange, readLedger, type Figures, type Range } from "./counted.ts";
import { addressOf, numberOf, readRows, settled, tileValue, type ShownRow } from "./shown.ts";
import type { DashboardFixture } from "./fixture.ts";
import { sharedDashboard } from "./browser-pool.ts";

const DAY = 86_400_000;
const ZONE = "Europe/Berlin";
const COLUMNS: Readonly<Record<keyof Figures, string>> = {
  cost: "Cost",
  requests: "Requests",
  total_tokens: "Tokens",
  input_tokens: "Input tokens",
  output_tokens: "Output tokens",
  error_rate: "Error rate",
};
/** The name of a group on the page, for each dimension. */
const GROUPINGS: Readonly<Record<string, (record: RequestRecord) => string>> = {
  model: ({ model }) => model ?? "(unknown)",
  owner: ({ owner }) => owner ?? "(unknown)",
  status: ({ status }) => (status === null ? "(unknown)" : String(status)),
  day: ({ timestamp }) => new Date(timestamp).toLocaleDateString("sv-SE", { timeZone: ZONE }),
  hour: ({ timestamp }) =>
    `${new Date(timestamp).toLocaleTimeString("sv-SE", { timeZone: ZONE, hour: "2-digit" }).slice(0, 2)}:00`,
};

sayIfSkipped("that Overview and Explore show what stands in the ledger");

describe("figures on the screen", { skip: noBrowser, concurrency: 2 }, () => {
  let dashboard: DashboardFixture;
  let records: readonly RequestRecord[];
  const random = seededRandom(Number(process.env["LMGATE_TEST_SEED"] ?? Date.now() % 1e6));

  before(async () => {
    dashboard = await sharedDashboard();
    records = readLedger(dashboard.gateway.statsPath);
  });

  const from = (): number => Date.parse(records[0]?.timestamp ?? "");
  const wholeMonth = (): Range => ({ from: from() - 1000, to: Date.now() });
  const randomRange = (): Range => {
    const start = from() + Math.floor(random() * 20 * DAY);
    return { from: start, to: start + Math.floor((0.5 + random() * 9) * DAY) };
  };
  const address = (page: string, range: Range, more: Readonly<Record<string, string>> = {}): string =>
    `${page}?${new URLSearchParams({ from: iso(range.from), to: iso(range.to), tz: ZONE, ...more }).toString()}`;

  for (const [by, nameOf] of Object.entries(GROUPINGS)) {
    test(`Explore by ${by} shows the figures that a script counts in the ledger, for a random range`, async (t) => {
      const range = randomRange();
      const page = await dashboard.open(t, address("explore", range, { by }));
      await settled(page);
      const counted = inRange(records, range);
      t.diagnostic(`${iso(range.from)} – ${iso(range.to)}, ${counted.length} calls`);
      assertRows(await readRows(page, "Groups"), by, countGroups(counted, nameOf));
      assertRow((await readRows(page, "Groups", "tfoot"))[0] ?? {}, countFigures(counted), "totals");
    });
  }

  test("two groupings at once show the figures of each pair", async (t) => {
    const range = randomRange();
    const page = await dashboard.open(t, address("explore", range, { by: "owner,provider" }));
    await settled(page);
    const nameOf = ({ owner, provider }: RequestRecord): string => `${owner ?? "(unknown)"} ${provider}`;
    assertRows(await readRows(page, "Groups"), "owner,provider", countGroups(inRange(records, range), nameOf));
  });

  test("a click on a bar adds a filter to every figure, and a second click removes it", async (t) => {
    const range = wholeMonth();
    const page = await dashboard.open(t, address("", range));
    await settled(page);
    const all = countFigures(inRange(records, range));
    await shows(page, all);
    await page.locator('.bar-row[title^="claude-opus-4-1:"]').click();
    await page.getByRole("button", { name: "Model is claude-opus-4-1", exact: true }).waitFor();
    assert.equal((await addressOf(page)).searchParams.get("f.model"), "claude-opus-4-1");
    await shows(page, countFigures(inRange(records, range).filter(({ model }) => model === "claude-opus-4-1")));
    await page.locator(".bar-row[aria-pressed=true]").click();
    await shows(page, all);
  });

  test("filters from the menu match any of, none of and at least, and are removed one by one", async (t) => {
    const range = wholeMonth();
    const page = await dashboard.open(t, address("", range));
    const filtered = (keep: (record: RequestRecord) => boolean): Promise<void> =>
      shows(page, countFigures(inRange(records, range).filter(keep)));
    await page.getByRole("button", { name: "Filter" }).click();
    await page.getByRole("button", { name: "Provider" }).click();
    await page.getByRole("checkbox", { name: /openai/ }).check();
    await page.getByRole("checkbox", { name: /google/ }).check();
    await page.getByRole("button", { name: "Apply" }).click();
    const isEither = ({ provider }: RequestRecord): boolean => provider === "openai" || provider === "google";
    await filtered(isEither);
    await page.getByRole("button", { name: "Provider is openai or google", exact: true }).click();
    await filtered((record) => !isEither(record));
    await page.getByRole("button", { name: "Filter", exact: true }).click();
    await page.getByRole("textbox", { name: "Filter by" }).fill("status:>=400");
    await page.keyboard.press("Enter");
    await filtered((record) => !isEither(record) && (record.status ?? 0) >= 400);
    await page.getByRole("button", { name: "Remove filter: Provider is not openai or google" }).click();
    await filtered((record) => (record.status ?? 0) >= 400);
    await page.getByRole("button", { name: "Remove filter: Status ≥ 400" }).click();
    await filtered(() => true);
  });

  test("a drag over the chart zooms in, and the browser's Back button undoes it", async (t) => {
    const range = wholeMonth();
    const page = await dashboard.open(t, address("", range));
    await settled(page);
    const plot = await page.locator(".u-over").boundingBox();
    assert.ok(plot);
    const y = plot.y + plot.height / 2;
    await page.mouse.move(plot.x + plot.width * 0.3, y);
    await page.mouse.down();
    await page.mouse.move(plot.x + plot.width * 0.5, y, { steps: 4 });
    await page.mouse.up();
    await becomes(
      page,
      "the address has another range",
      async () => (await addressOf(page)).searchParams.get("from") !== iso(range.from),
    );
    const zoomed = (await addressOf(page)).searchParams;
    const part = { from: Date.parse(zoomed.get("from") ?? ""), to: Date.parse(zoomed.get("to") ?? "") };
    assert.ok(part.from > range.from && part.to < range.to && part.to - part.from < 10 * DAY, zoomed.toString());
    await shows(page, countFigures(inRange(records, part)));
    await page.goBack();
    await shows(page, countFigures(inRange(records, range)));
  });

  test("a link to a range shows the same figures in another time zone", async (t) => {
    const range = randomRange();
    const path = address("explore", range, { by: "owner", "f.provider": "openai,anthropic", metric: "total_tokens" });
    const first = await dashboard.open(t, path);
    await settled(first);
    const shown = await readRows(first, "Groups");
    const second = await dashboard.open(t, path, { timeZone: "Asia/Tokyo", theme: "dark" });
    await settled(second);
    assert.deepEqual(await readRows(second, "Groups"), shown);
    assert.ok(shown.length > 3);
    const kept = inRange(records, range).filter(({ provider }) => ["openai", "anthropic"].includes(provider));
    assertRows(shown, "owner", countGroups(kept, GROUPINGS["owner"] ?? String));
  });

  test("a click on a row of Explore filters by its group, on both dimensions", async (t) => {
    const range = wholeMonth();
    const page = await dashboard.open(t, address("explore", range, { by: "provider,model" }));
    await settled(page);
    await page
      .getByRole("row", { name: /gpt-4o-mini/ })
      .getByRole("cell")
      .nth(1)
      .click();
    await becomes(page, "both filters are there", async () => (await page.locator(".chip").count()) >= 2);
    await settled(page);
    const kept = inRange(records, range).filter(({ model }) => model === "gpt-4o-mini");
    await becomes(page, "one row is left", async () => (await readRows(page, "Groups")).length === 1);
    assertRow((await readRows(page, "Groups"))[0] ?? {}, countFigures(kept), "gpt-4o-mini");
  });

  test("an export has the figures of the page, and the requests behind them", async (t) => {
    const range = randomRange();
    const page = await dashboard.open(t, address("explore", range, { by: "model", "f.provider": "openai" }));
    await settled(page);
    const kept = inRange(records, range).filter(({ provider }) => provider === "openai");
    const figures = await download(page, "CSV");
    assert.match(figures.name, /\.csv$/);
    const [head = "", ...lines] = figures.text.trim().split(/\r\n/);
    const groups = countGroups(kept, GROUPINGS["model"] ?? String);
    const [nameAt, requestsAt] = ["model", "requests"].map((name) => head.split(",").indexOf(name));
    assert.deepEqual(
      new Map(lines.map((line) => [line.split(",")[nameAt ?? -1], Number(line.split(",")[requestsAt ?? -1])])),
      new Map(Object.entries(groups).map(([name, { requests }]) => [name, requests])),
      figures.text,
    );
    assert.equal(figures.text, await (await fetchAs(dashboard, figures.url)).text(), "the API gives the same file");
    const requests = await download(page, "JSON lines", 1);
    const ids = requests.text
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as RequestRecord).id);
    assert.deepEqual(new Set(ids), new Set(kept.map(({ id }) => id)));
    assert.equal(ids.length, kept.length);
  });

  test("if no request matches, the page says so and links to the nearest ones that do", async (t) => {
    const long = { from: from() - 400 * DAY, to: from() - 399 * DAY };
    const page = await dashboard.open(t, address("", long, { "f.provider": "google" }));
    await page.getByText("No matching requests").waitFor();
    await page.getByRole("button", { name: "Go to the nearest requests" }).click();
    await becomes(page, "there are calls", async () => Number(await tileValue(page, "Requests")) > 0);
    const range = (await addressOf(page)).searchParams;
    const near = { from: Date.parse(range.get("from") ?? ""), to: Date.parse(range.get("to") ?? "") };
    await shows(page, countFigures(inRange(records, near).filter(({ provider }) => provider === "google")));
  });

  test("a chart is saved as an image", async (t) => {
    const page = await dashboard.open(t, address("", wholeMonth()));
    await settled(page);
    await page.locator("#export-button").click();
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Chart as PNG" }).click(),
    ]);
    assert.match(file.suggestedFilename(), /\.png$/);
  });
});

const iso = (moment: number): string => new Date(moment).toISOString();

/** The tiles, which reload after every change. */
async function shows(page: Page, figures: Figures): Promise<void> {
  const tiles: readonly (readonly [string, keyof Figures])[] = [
    ["Cost", "cost"],
    ["Requests", "requests"],
    ["Tokens", "total_tokens"],
    ["Error rate", "error_rate"],
  ];
  let wrong = "";
  await becomes(page, "the tiles show what was counted", async () => {
    for (const [label, metric] of tiles) {
      const text = await tileValue(page, label);
      wrong = `${label} is ${text}, counted ${figures[metric]}`;
      if (text === "" || !isShownAs(text, figures[metric])) return false;
    }
    return true;
  }).catch((cause: unknown) => assert.fail(`${wrong}: ${String(cause)}`));
}

function assertRows(shown: readonly ShownRow[], by: string, counted: Readonly<Record<string, Figures>>): void {
  const columns = by.split(",").map((name) => name.slice(0, 1).toUpperCase() + name.slice(1));
  const nameOf = (row: ShownRow): string => columns.map((column) => row[column]?.text ?? "").join(" ");
  assert.deepEqual(shown.map(nameOf).toSorted(), Object.keys(counted).toSorted());
  for (const row of shown) {
    const figures = counted[nameOf(row)];
    assert.ok(figures);
    assertRow(row, figures, nameOf(row));
  }
}

function assertRow(row: ShownRow, figures: Figures, name: string): void {
  for (const [metric, column] of Object.entries(COLUMNS)) {
    const expected = figures[metric as keyof Figures]; // the keys of COLUMNS
    const text = row[column]?.title ?? "";
    assert.ok(isShownAs(text, expected), `${name}: ${column} is ${text}, counted ${expected}`);
  }
}

/** Compares to the last digit that is shown. */
function isShownAs(text: string, expected: number | null): boolean {
  const number = numberOf(text);
  if (number === null || expected === null) return number === expected;
  const digits = /\.(\d+)/.exec(text)?.[1]?.length ?? (text.startsWith("$") ? 2 : 0);
  const step = 10 ** -digits / (text.includes("%") ? 100 : 1);
  return Math.abs(number - expected) <= step * 0.51;
}

interface Downloaded {
  readonly name: string;
  readonly url: string;
  readonly text: string;
}

async function download(page: Page, label: string, nth = 0): Promise<Downloaded> {
  await page.locator("#export-button").click();
  const link = page.getByRole("link", { name: label, exact: true }).nth(nth);
  const url = (await link.getAttribute("href")) ?? "";
  const [file] = await Promise.all([page.waitForEvent("download"), link.click()]);
  const chunks: Buffer[] = [];
  for await (const chunk of await file.createReadStream()) chunks.push(chunk as Buffer); // a file's stream gives these
  return { name: file.suggestedFilename(), url, text: Buffer.concat(chunks).toString("utf8") };
}

function fetchAs({ gateway, token }: DashboardFixture, path: string): Promise<Response> {
  return fetch(gateway.adminUrl + path, { headers: { authorization: `Bearer ${token}` } });
}
