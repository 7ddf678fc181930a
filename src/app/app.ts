import { hash, randomUUID } from "node:crypto";
import type { Logger } from "../core/log.ts";
import manifest from "../../package.json" with { type: "json" };
import type { AdminServer } from "../admin/server/admin-server.ts";
import { ApiError } from "../admin/server/problem.ts";
import type { Reloaded } from "../admin/api/admin-services.ts";
import type { SignIn } from "../admin/server/admin-options.ts";
import type { Route } from "../admin/server/api-route.ts";
import { AdminTokenError, givenAdminToken, loadAdminToken } from "../admin/server/token.ts";
import { AllowlistRollout } from "./allowlist-rollout.ts";
import { newTokenLine, startupBanner } from "./startup/banner.ts";
import type { Prestart } from "./startup/prestart.ts";
import { openLog } from "./startup/logger.ts";
import { DeferredMetrics } from "./deferred-metrics.ts";
import { ownUrl } from "./startup/own-url.ts";
import { readinessOf } from "./readiness.ts";
import { RejectionLog } from "./rejection-log.ts";
import { drain } from "./shutdown.ts";
import { Signals } from "./signals.ts";
import { describeStartFailure } from "./startup/failure.ts";
import { NO_OVERRIDES, type PriceOverrides } from "../core/price-overrides.ts";
import type { Settings } from "../config/settings.ts";
import type { ProxyStatus } from "../core/counters/status.ts";
import { AccessTable } from "../allowlist/access-table.ts";
import { findConfigFile, loadSettings, type Flag, type LoadedSettings } from "../config/config.ts";
import { formatIssue, formatIssues, type ConfigIssue } from "../config/config-issue.ts";
import { loadPriceOverrides } from "../prices/overrides-file.ts";
import { openAllowlistWarning } from "../allowlist/open-to-all.ts";
import { openAllowlist, type AllowlistVersion, type AllowlistWatch } from "../allowlist/watch-allowlist.ts";
import { StoreClient } from "../store/service/store-client.ts";
import { collectStartupGarbage } from "../workers/supervision/collect-startup-garbage.ts";
import { Supervisor } from "../workers/supervisor.ts";

// Constructs and joins the process. Every part is handed what it needs here; no part looks for another.

export interface AppOptions {
  readonly prestart: Prestart;
  readonly configFile?: string | undefined;
  readonly flags: readonly Flag[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Instead of the one in `admin.token_path`. */
  readonly adminToken: string | undefined;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

const version: string = manifest.version;

/** The gateway is up first; whoever asks the store earlier starts it. */
const STORE_DELAY_MS = 2000;

const EXIT_OK = 0;
const EXIT_FAILURE = 1;
const EXIT_INVALID = 3;

/** Runs the gateway until it is told to end; resolves to the exit code. */
export async function runApp(options: AppOptions): Promise<number> {
  try {
    return await run(options);
  } finally {
    await options.prestart.end();
  }
}

async function run(options: AppOptions): Promise<number> {
  const file = findConfigFile(options.configFile, options.env);
  const read = loadSettings({ file, env: options.env, flags: options.flags });
  if ("issues" in read) return reportIssues(options.stderr, "configuration", read.issues);
  const { settings } = read;
  const prices = loadOverrides(settings);
  if ("issues" in prices) return reportIssues(options.stderr, "price overrides", prices.issues);
  const log = openLog(settings.logging.level, options.stdout);
  for (const warning of read.warnings) log.warn({ at: formatIssue(warning) }, "configuration");

  const app = new App(read, prices.overrides, log);
  const allowlist = await openAllowlist({
    path: settings.auth.allowlistPath,
    pollIntervalMs: settings.auth.pollIntervalMs,
    now: () => Date.now(),
    log,
    onChange: (list) => app.accessChanged(list),
    onError: () => app.refresh(),
  });
  if ("issues" in allowlist) return reportIssues(options.stderr, "allow-list", allowlist.issues);
  const open = openAllowlistWarning(settings.auth.allowlistPath);
  if (open !== undefined) {
    log.warn({ path: open.source, remedy: open.hint }, "the allow-list can be read by every user of this machine");
  }
  try {
    await app.start(allowlist, options);
    await options.prestart.end();
    return await app.untilStopped();
  } catch (error) {
    await app.abandon();
    if (error instanceof AdminTokenError) {
      options.stderr.write(`lmgate: ${error.message}\n`);
      return EXIT_INVALID;
    }
    options.stderr.write(`lmgate: ${describeStartFailure(error, settings)}\n`);
    return EXIT_FAILURE;
  } finally {
    allowlist.close();
  }
}

class App {
  readonly #settings: Settings;
  readonly #origins: LoadedSettings["origins"];
  readonly #overrides: PriceOverrides;
  readonly #log: Logger;
  readonly #instance = randomUUID();
  readonly #startedAt = Date.now();
  readonly #metrics = new DeferredMetrics();
  readonly #refusals: RejectionLog;
  // Heard from before anything is opened, so that a signal during the start still ends in order.
  readonly #signals = new Signals(() => void this.#reload());
  readonly #acknowledgement = new AllowlistRollout(() => this.#supervisor?.workers() ?? []);
  #state: ProxyStatus["state"] = "starting";
  #allowlist: AllowlistWatch | undefined;
  #supervisor: Supervisor | undefined;
  #admin: AdminServer | undefined;
  readonly #store: StoreClient | undefined;
  #storeDelay: NodeJS.Timeout | undefined;
  #readyBody = "";

  constructor({ settings, origins }: LoadedSettings, overrides: PriceOverrides, log: Logger) {
    this.#settings = settings;
    this.#origins = origins;
    this.#overrides = overrides;
    this.#log = log;
    this.#refusals = new RejectionLog(log);
    const { store, stats } = settings;
    if (store.enabled) this.#store = new StoreClient({ settings: store, ledgerPath: stats.outputPath, log });
  }

  async start(allowlist: AllowlistWatch, { prestart, adminToken, stderr }: AppOptions): Promise<void> {
    const settings = this.#settings;
    this.#allowlist = allowlist;
    const { token, created } = this.#adminToken(allowlist, adminToken);
    if (created) this.#log.info({ path: settings.admin.tokenPath }, "admin token created");
    const { current } = allowlist;
    this.#supervisor = await Supervisor.start({
      prestarted: prestart.workers,
      settings,
      overrides: this.#overrides,
      instance: this.#instance,
      log: this.#log,
      access: { version: current.version, table: current.buffer },
      readiness: { status: 503, body: JSON.stringify({ status: "starting" }) },
      onDelta: (thread, delta) => this.#metrics.tell((metrics) => metrics.add(thread, delta)),
      onCosts: (costs) => this.#metrics.tell((metrics) => metrics.addCosts(costs)),
      onRejected: (rejected, unlisted) => this.#refusals.add(rejected, unlisted, Date.now()),
      onChange: () => this.refresh(),
    });
    // The list may have changed while the threads were starting.
    this.accessChanged(allowlist.current);
    // Calls are served from here on; what only operators need is loaded now.
    const admin = await this.#openAdmin(token);
    this.#admin = admin;
    this.#state = "serving";
    this.refresh();
    const urls = {
      address: ownUrl(settings.server.host, this.#supervisor.port),
      admin: ownUrl(admin.host, admin.port),
    };
    this.#log.info(
      {
        ...urls,
        host: settings.server.host,
        adminHost: settings.admin.host,
        version,
        instance: this.#instance,
        keys: allowlist.status().keys,
        providers: settings.providers.map((provider) => provider.name),
        stats: settings.stats.outputPath,
        pid: process.pid,
      },
      "listening",
    );
    if (created) stderr.write(newTokenLine(urls, token, settings.admin.tokenPath));
    if (stderr.isTTY === true) stderr.write(startupBanner(urls, settings));
    collectStartupGarbage(() => true);
    this.#storeDelay = setTimeout(() => this.#store?.start(), STORE_DELAY_MS);
    if (allowlist.status().keys === 0) {
      this.#log.warn(
        { path: settings.auth.allowlistPath },
        "every key of the allow-list is disabled: no call can pass",
      );
    }
  }

  #adminToken(allowlist: AllowlistWatch, given: string | undefined): { token: string; created: boolean } {
    const context = {
      warn: (message: string) => this.#log.warn({}, message),
      isClientKey: (text: string) =>
        new AccessTable(allowlist.current.buffer).find(hash("sha256", text, "buffer")) !== undefined,
    };
    if (given !== undefined) return { token: givenAdminToken(given, context), created: false };
    return loadAdminToken(this.#settings.admin.tokenPath, context);
  }

  async #openAdmin(token: string): Promise<AdminServer> {
    const { admin, providers } = this.#settings;
    const names = providers.map((provider) => provider.name);
    const metrics = await this.#metrics.load({ version, node: process.version, providers: names });
    const [{ startAdmin }, { openAdminServices }] = await Promise.all([
      import("../admin/server/admin-server.ts"),
      import("./open-admin-services.ts"),
    ]);
    const services = openAdminServices({
      settings: this.#settings,
      origins: this.#origins,
      dependencies: Object.keys(manifest.dependencies),
      metrics,
      store: this.#store,
      port: () => this.#supervisor?.port ?? 0,
      status: () => this.#status(),
      rotateLedger: () => this.#rotateLedger(),
      reloadAllowlist: () => this.#reloadForAdmin(),
      setPrices: (overrides) => this.#supervisor?.setPrices(overrides),
    });
    const routes = async (signIn: SignIn): Promise<readonly Route[]> =>
      (await import("../admin/api/routes/admin-routes.ts")).adminRoutes(services, signIn);
    return startAdmin({ routes, host: admin.host, port: admin.port, token, log: this.#log });
  }

  accessChanged(list: AllowlistVersion): void {
    this.#supervisor?.setAccess({ version: list.version, table: list.buffer });
    this.refresh();
  }

  /** Whatever changed: what `/readyz` and `/metrics` say follows. */
  refresh(): void {
    this.#acknowledgement.heard();
    const allowlist = this.#allowlist;
    const supervisor = this.#supervisor;
    if (allowlist === undefined || supervisor === undefined) return;
    const status = allowlist.status();
    const threads = supervisor.workers();
    const ledger = supervisor.ledger();
    this.#metrics.tell((metrics) => {
      metrics.allowlist(status);
      metrics.ledger(ledger);
      metrics.threads(threads);
    });
    const readiness = readinessOf(this.#state, status, ledger, threads);
    if (readiness.body === this.#readyBody) return;
    this.#readyBody = readiness.body;
    supervisor.setReadiness(readiness);
  }

  /** Resolves to the exit code once a signal has ended the process's work. */
  async untilStopped(): Promise<number> {
    const signal = await this.#signals.first;
    this.#state = "draining";
    this.#log.info({ signal }, "draining");
    this.refresh();
    const closed = await this.#stop(this.#signals.hurry);
    return this.#signals.impatientExitCode ?? (closed ? EXIT_OK : EXIT_FAILURE);
  }

  async abandon(): Promise<void> {
    this.#stopStore();
    await this.#admin?.close();
    await this.#supervisor?.abandon();
  }

  async #stop(hurry: AbortSignal): Promise<boolean> {
    const supervisor = this.#supervisor;
    if (supervisor === undefined) return true;
    const closed = await drain(supervisor, this.#settings.timeouts, hurry);
    await this.#admin?.close();
    this.#stopStore();
    if (closed) this.#log.info({ written: supervisor.ledger().written }, "stopped");
    else {
      this.#log.error({}, "the ledger did not close in time; records may be missing");
      // An exit would wait for the thread that hangs in the kernel.
      process.kill(process.pid, "SIGKILL");
    }
    return closed;
  }

  #stopStore(): void {
    clearTimeout(this.#storeDelay);
    this.#store?.stop();
  }

  async #rotateLedger(): Promise<string | undefined> {
    const segment = await this.#supervisor?.rotateLedger();
    this.#log.info({ segment }, "stats file rotated, as asked at the admin port");
    return segment;
  }

  async #reloadForAdmin(): Promise<Reloaded> {
    const status = await this.#allowlist?.reload();
    if (status === undefined) throw new Error("asked to reload before the start");
    const acknowledgedBy = await this.#acknowledgement.of(status.version);
    if (acknowledgedBy === undefined) {
      const detail =
        "The file is read, but not every data thread has said so in time; each takes it as soon as it can.";
      throw new ApiError(503, detail);
    }
    return { version: status.version, acknowledgedBy, error: status.error };
  }

  async #reload(): Promise<void> {
    const status = await this.#allowlist?.reload();
    this.#log.info({ keys: status?.keys, error: status?.error }, "allow-list read again on SIGHUP");
  }

  #status(): ProxyStatus {
    const supervisor = this.#supervisor;
    const allowlist = this.#allowlist;
    if (supervisor === undefined || allowlist === undefined) throw new Error("asked for a status before the start");
    return {
      version,
      node: process.version,
      instance: this.#instance,
      startedAt: new Date(this.#startedAt).toISOString(),
      uptimeSeconds: Math.round(process.uptime()),
      state: this.#state,
      address: { host: this.#settings.server.host, port: supervisor.port },
      allowlist: allowlist.status(),
      ledger: supervisor.ledger(),
      threads: supervisor.workers(),
      callsInFlight: supervisor.requestsInFlight,
      refusals: this.#refusals.recent,
    };
  }
}

function loadOverrides({ pricing }: Settings): ReturnType<typeof loadPriceOverrides> {
  return pricing.overridesPath === undefined ? { overrides: NO_OVERRIDES } : loadPriceOverrides(pricing.overridesPath);
}

function reportIssues(stderr: NodeJS.WritableStream, what: string, issues: readonly ConfigIssue[]): number {
  stderr.write(`lmgate: the ${what} is not valid, nothing was started\n`);
  for (const line of formatIssues(issues)) stderr.write(`  ${line}\n`);
  return EXIT_INVALID;
}
