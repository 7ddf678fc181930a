// Sign-in: the form, the link with the token, and the security headers.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertAccessible, assertFits } from "./accessible.ts";
import { becomes, noBrowser, sayIfSkipped, SMALL_PHONE } from "./browser.ts";
import { addressOf, settled } from "./shown.ts";
import type { DashboardFixture } from "./fixture.ts";
import { startOwnDashboard } from "./browser-pool.ts";

/** A browser logs every rejected request. */
const rejected = /Failed to load resource: the server responded with a status of (401|429)/;

sayIfSkipped("how one signs in to the dashboard");

describe("signing in", { skip: noBrowser }, () => {
  let dashboard: DashboardFixture;
  before(async () => {
    dashboard = await startOwnDashboard({ ledger: "" });
  });
  after(() => dashboard?.stop());

  test("without a session every address shows only the sign-in form", async (t) => {
    const page = await dashboard.open(t, "explore?from=-30d", { signedIn: false });
    await page.getByRole("heading", { name: "Sign in to LMGate" }).waitFor();
    assert.equal(await page.getByRole("navigation").count(), 0);
    await assertAccessible(page, "light");
    await page.emulateMedia({ colorScheme: "dark" });
    await assertAccessible(page, "dark", { colors: "alone" });
    await assertFits(page, SMALL_PHONE);
  });

  test("a wrong token is rejected, and the right one leads to the requested page", async (t) => {
    const page = await dashboard.open(t, "setup", { signedIn: false, expected: rejected });
    const field = page.getByLabel("Admin token");
    await field.fill("not the token");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText("The admin token is wrong.").waitFor();
    await field.fill(dashboard.token);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Setup", level: 1 }).waitFor();
    const [cookie] = await page.context().cookies();
    assert.ok(cookie);
    assert.deepEqual([cookie.httpOnly, cookie.sameSite], [true, "Strict"]);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in to LMGate" }).waitFor();
    assert.deepEqual(await page.context().cookies(), []);
  });

  test("a link with the token signs in, and the token leaves the address bar and the history", async (t) => {
    const page = await dashboard.open(t, `setup?from=-7d#token=${encodeURIComponent(dashboard.token)}`, {
      signedIn: false,
    });
    await page.getByRole("heading", { name: "Setup", level: 1 }).waitFor();
    assert.equal((await addressOf(page)).href, `${dashboard.gateway.adminUrl}/ui/setup?from=-7d`);
    await page.getByRole("link", { name: "Prices" }).click();
    await page.getByRole("heading", { name: "Prices", level: 1 }).waitFor();
    await page.goBack();
    assert.ok(!(await addressOf(page)).href.includes("token"));
  });

  test("an expired session asks for the token again, and then shows the same page", async (t) => {
    const page = await dashboard.open(t, "prices", { expected: rejected });
    await settled(page);
    await page.context().clearCookies();
    await page.getByRole("link", { name: "System" }).click();
    await page.getByRole("heading", { name: "Sign in to LMGate" }).waitFor();
    await page.getByLabel("Admin token").fill(dashboard.token);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "System", level: 1 }).waitFor();
  });

  test("a browser at / is redirected to the dashboard, a program gets the addresses", async (t) => {
    const page = await dashboard.open(t);
    await page.goto("/");
    assert.equal((await addressOf(page)).href, `${dashboard.gateway.adminUrl}/ui/`);
    const hint = await fetch(`${dashboard.gateway.adminUrl}/`, { redirect: "manual", headers: { accept: "*/*" } });
    assert.match(hint.headers.get("content-type") ?? "", /json/);
  });

  test("pages load only their own scripts and styles, cannot be framed, and are not cached", async () => {
    for (const path of ["/ui/", "/ui/requests"]) {
      const { headers } = await fetch(dashboard.gateway.adminUrl + path);
      const policy = headers.get("content-security-policy") ?? "";
      for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"]) {
        assert.ok(policy.includes(part), policy);
      }
      assert.ok(policy.includes("frame-ancestors 'none'") && policy.includes("base-uri 'none'"), policy);
      assert.ok(!policy.includes("unsafe"), policy);
      assert.equal(headers.get("x-content-type-options"), "nosniff");
      assert.equal(headers.get("referrer-policy"), "no-referrer");
      assert.match(headers.get("cache-control") ?? "", /no-store|no-cache/);
    }
  });

  test("guessing the token is throttled with a message; the right token works a moment later", async (t) => {
    const page = await dashboard.open(t, "", { signedIn: false, expected: rejected });
    const field = page.getByLabel("Admin token");
    await field.waitFor();
    const guess = (token: string): Promise<Response> =>
      fetch(`${dashboard.gateway.adminUrl}/api/v1/session`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ token }),
      });
    await Promise.all(Array.from({ length: 40 }, (_, at) => guess(`guess ${at}`)));
    await field.fill("one more guess");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText("Too many wrong tokens from this address.").waitFor();
    const overview = page.getByRole("heading", { name: "Overview", level: 1 });
    // The server's clock decides when the next guess is allowed.
    await becomes(page, "the right token is let in", async () => {
      if (await field.isVisible()) await field.fill(dashboard.token);
      await page.keyboard.press("Enter");
      return overview.isVisible();
    });
  });
});
