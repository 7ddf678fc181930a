/** A running gateway with a month of sample requests, simulated providers and a browser. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { HANG_MS } from "../harness/until.ts";
import { historyLines } from "../../src/demo/history-records.ts";
import { startSimulator, type Simulator } from "../../simulator/simulator.ts";
import { historyClientKeys, HISTORY_DAYS } from "../../src/demo/write-history.ts";
import { startGateway, type AllowedKey, type Gateway } from "../harness/gateway.ts";
import { openPage, startBrowser, type PageOptions } from "./browser.ts";

const root = join(import.meta.dirname, "..", "..");

/** The requests of the demo's sample company, ending now. */
export function demoLedger(count = 3000): string {
  const span = { count, until: Date.now(), days: HISTORY_DAYS, owners: 12, seed: 20_26 };
  return [...historyLines(span)].map(({ text }) => text).join("");
}

export const companyList: readonly AllowedKey[] = historyClientKeys().map(({ id, owner, secret }) => ({
  id,
  owner,
  key: secret,
}));

export interface DashboardOptions {
  /** The ledger to start with: the demo's month by default, "" for a new gateway. */
  readonly ledger?: string;
  readonly keys?: readonly AllowedKey[];
  /** A running browser, which stays open when this fixture is stopped. */
  readonly browser?: Browser;
}

type OpenOptions = Omit<PageOptions, "origin" | "cookie"> & { readonly signedIn?: boolean };

interface Chat {
  readonly provider?: string;
  readonly model?: string;
}

type ApiRequest = Pick<RequestInit, "method" | "body">;

export interface DashboardFixture {
  readonly gateway: Gateway;
  readonly simulator: Simulator;
  readonly browser: Browser;
  readonly token: string;
  readonly cookie: { readonly name: string; readonly value: string };
  /** Opens a page below `/ui/`, signed in. */
  open(t: TestContext, path?: string, options?: OpenOptions): Promise<Page>;
  /** Requests the admin API; resolves to the parsed JSON. */
  api(path: string, init?: ApiRequest): Promise<unknown>;
  /** Sends a chat request through the gateway with this key; an LMGate key is sent beside a provider's own. */
  chat(key: string, options?: Chat): Promise<Response>;
  stop(): Promise<void>;
}

export async function startDashboard(options: DashboardOptions = {}): Promise<DashboardFixture> {
  const { ledger = demoLedger(), keys = companyList } = options;
  buildDashboard();
  const [simulator, browser] = await Promise.all([startSimulator(), options.browser ?? startBrowser()]);
  const upstream = (name: string): { upstream: string } => ({ upstream: `${simulator.url}/${name}` });
  const gateway = await startGateway({
    data: { "stats.jsonl": ledger, "prices.yaml": "models: {}\n" },
    keys,
    config: {
      pricing: { overrides_path: "data/prices.yaml" },
      store: { enabled: true },
      providers: {
        openai: upstream("openai"),
        anthropic: upstream("anthropic"),
        google: upstream("google"),
        local: upstream("openai"),
      },
    },
  });
  const token = readFileSync(join(gateway.dataDir, "admin-token"), "utf8").trim();
  const origin = gateway.adminUrl;
  const cookie = await signIn(origin, token);
  const api = async (path: string, init: ApiRequest = {}): Promise<unknown> => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const response = await fetch(`${origin}/api/v1${path}`, { ...init, headers });
    assert.ok(response.ok, `${path}: ${response.status}`);
    return response.status === 204 ? undefined : response.json();
  };
  await everythingRead(api, ledger.split("\n").length - 1);
  return {
    gateway,
    simulator,
    browser,
    token,
    cookie,
    open: async (t, path = "", { signedIn = true, ...options } = {}) => {
      const page = await openPage(t, browser, { ...options, origin, ...(signedIn ? { cookie } : {}) });
      await page.goto(`/ui/${path}`);
      return page;
    },
    api,
    chat: (key, { provider = "openai", model = "gpt-4o-mini" } = {}) => {
      const credential = key.startsWith("lmg_") ? { "x-lmgate-key": key } : undefined;
      return fetch(`${gateway.url}/${provider}/v1/chat/completions`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          authorization: `Bearer ${credential === undefined ? key : "sk-of-the-provider"}`,
          ...credential,
        },
        body: JSON.stringify({ model, messages: [{ role: "user", content: "Hello" }] }),
      });
    },
    stop: async () => {
      if (options.browser === undefined) await browser.close();
      try {
        await gateway.stop();
      } finally {
        await simulator.close();
      }
    },
  };
}

/** Waits until the query store has read the whole ledger. */
async function everythingRead(api: DashboardFixture["api"], records: number): Promise<void> {
  for (const deadline = performance.now() + HANG_MS; performance.now() < deadline; await delay(50)) {
    const response = await api("/usage?from=-40d&bucket=none&metric=requests").catch(() => undefined);
    if (JSON.stringify(response)?.includes(`"total":{"requests":${records}}`)) return;
  }
  throw new Error(`the store has not read ${records} records`);
}

/** Builds the dashboard if its sources are newer. */
function buildDashboard(): void {
  execFileSync(process.execPath, [join(root, "dashboard", "build.ts"), "--if-older"], { stdio: "inherit" });
  assert.ok(existsSync(join(root, "dist", "dashboard", "index.html")), "the dashboard has not been built");
}

async function signIn(origin: string, token: string): Promise<DashboardFixture["cookie"]> {
  const response = await fetch(`${origin}/api/v1/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token }),
  });
  const [name = "", value = ""] = (response.headers.get("set-cookie") ?? "").split(";")[0]?.split("=") ?? [];
  assert.ok(response.ok && value !== "", `no session: ${response.status}`);
  return { name, value };
}
