// Starts and stops the process. Every part receives here what it needs; no part looks for another.
import { randomUUID } from "node:crypto";
import manifest from "../../package.json" with { type: "json" };
import type { SignIn } from "../admin/server/admin-options.ts";
import type { AdminServer } from "../admin/server/admin-server.ts";
import type { Route } from "../admin/server/api-route.ts";
import { AdminTokenError } from "../admin/server/token.ts";
import { openAllowlistWarning } from "../allowlist/world-readable.ts";
import { openAllowlist, type AllowlistVersion, type AllowlistWatch } from "../allowlist/watch-allowlist.ts";
import { formatIssue, formatIssues, type ConfigIssue } from "../config/config-issue.ts";
import { findConfigFile, loadSettings, type Flag, type LoadedSettings } from "../config/config.ts";
import type { Settings } from "../config/settings.ts";
import type { ProxyStatus } from "../core/counters/status.ts";
import type { Logger } from "../core/log.ts";
import { NO_OVERRIDES, type PriceOverrides } from "../core/price-overrides.ts";
import { loadPriceOverrides } from "../prices/overrides-file.ts";
import { locateStore } from "../store/files/store-directory.ts";
import { StoreClient } from "../store/service/store-client.ts";
import { collectStartupGarbage } from "../workers/supervision/collect-startup-garbage.ts";
import { StartCancelled, Supervisor } from "../workers/supervisor.ts";
import { AllowlistRollout, reloadAllowlist } from "./allowlist-rollout.ts";
import { DeferredMetrics } from "./deferred-metrics.ts";
import { ReadinessPublisher } from "./readiness.ts";
import { RejectionLog } from "./rejection-log.ts";
import { UpstreamErrorLog } from "./upstream-error-log.ts";
import { drain } from "./shutdown.ts";
import { Signals } from "./signals.ts";
import { newTokenLine, ownUrl, startupBanner } from "./startup/banner.ts";
import { describeStartFailure } from "./startup/failure.ts";
import { openLog } from "./startup/logger.ts";
import { openAdminToken } from "./startup/open-admin-token.ts";
import type { Prestart } from "./startup/prestart.ts";
import { readThreadUsage } from "./thread-usage.ts";

export interface AppOptions {
  readonly prestart: Prestart;
  readonly configFile?: string | undefined;
  readonly flags: readonly Flag[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** From the environment; used instead of the file at `admin.token_path`. */
  readonly adminToken: string | undefined;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

const version: string = manifest.version;

/** How often the store is woken to delete what retention no longer keeps. */
const RETENTION_MS = 60 * 60_000;
const FIRST_RETENTION_MS = 60_000;

const EXIT_OK = 0;
const EXIT_FAILURE = 1;
const EXIT_INVALID = 3;

/** Runs the gateway until a signal stops it; resolves to the exit code. */
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
    onChange: (list) => app.onAllowlist(list),
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
    return await app.serveUntilSignal();
  } catch (error) {
    await app.abandon();
    if (error instanceof StartCancelled) return EXIT_OK;
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
  readonly #readiness = new ReadinessPublisher(this.#metrics);
  readonly #rejections: RejectionLog;
  readonly #upstreamErrors: UpstreamErrorLog;
  // Created before anything is opened, so that a signal during the start still stops in order.
  readonly #signals = new Signals(() => void this.#reloadOnSignal());
  readonly #rollout = new AllowlistRollout(() => this.#supervisor?.workers() ?? []);
  readonly #store: StoreClient | undefined;
  #state: ProxyStatus["state"] = "starting";
  #allowlist: AllowlistWatch | undefined;
  #supervisor: Supervisor | undefined;
  #admin: AdminServer | undefined;
  #retention: NodeJS.Timeout | undefined;

  constructor({ settings, origins }: LoadedSettings, overrides: PriceOverrides, log: Logger) {
    this.#settings = settings;
    this.#origins = origins;
    this.#overrides = overrides;
    this.#log = log;
    this.#rejections = new RejectionLog(log);
    this.#upstreamErrors = new UpstreamErrorLog(log);
    if (settings.store.enabled) {
      const ledgerPath = settings.stats.outputPath;
      this.#store = new StoreClient({ settings: locateStore(settings), ledgerPath, log });
    }
  }

  async start(allowlist: AllowlistWatch, { prestart, adminToken, stderr }: AppOptions): Promise<void> {
    const settings = this.#settings;
    this.#allowlist = allowlist;
    const path = settings.admin.tokenPath;
    const { token, created } = openAdminToken({ path, given: adminToken, allowlist, log: this.#log });
    // Everything that needs files is loaded before the client port opens: a flood of connections may leave no descriptor.
    const adminModules = loadAdminModules();
    const supervisor = await this.#openSupervisor(allowlist, prestart);
    this.#supervisor = supervisor;
    const admin = await this.#startAdmin(token, allowlist, supervisor, await adminModules);
    this.#admin = admin;
    if (this.#signals.stopping.aborted) return;
    await supervisor.listen();
    if (this.#signals.stopping.aborted) return;
    // The list may have changed while the workers were starting.
    this.onAllowlist(allowlist.current);
    this.#state = "serving";
    this.refresh();
    const urls = { address: ownUrl(settings.server.host, supervisor.port), admin: ownUrl(admin.host, admin.port) };
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
    if (created) stderr.write(newTokenLine(urls, token, path));
    if (stderr.isTTY === true) stderr.write(startupBanner(urls, settings));
    collectStartupGarbage(() => true);
    this.#retention = this.#startRetention();
    if (allowlist.status().keys === 0) {
      this.#log.warn(
        { path: settings.auth.allowlistPath },
        "every key of the allow-list is disabled; every request is rejected",
      );
    }
  }

  #openSupervisor(allowlist: AllowlistWatch, prestart: Prestart): Promise<Supervisor> {
    const { current } = allowlist;
    return Supervisor.open({
      prestarted: prestart.workers,
      settings: this.#settings,
      overrides: this.#overrides,
      instance: this.#instance,
      log: this.#log,
      threadUsage: readThreadUsage,
      cancel: this.#signals.stopping,
      access: { version: current.version, table: current.buffer },
      readiness: { status: 503, body: JSON.stringify({ status: "starting" }) },
      onDelta: (worker, delta) => {
        this.#metrics.update((metrics) => metrics.add(worker, delta));
        this.#upstreamErrors.add(delta.recorded, performance.now());
      },
      onRecorded: (recorded) => this.#metrics.update((metrics) => metrics.addRecorded(recorded)),
      onMoved: () => this.#store?.wake(),
      onCosts: (costs) => this.#metrics.update((metrics) => metrics.addCosts(costs)),
      onRejected: (rejected, unlisted) => this.#rejections.add(rejected, unlisted, Date.now()),
      onChange: () => this.refresh(),
    });
  }

  async #startAdmin(
    token: string,
    allowlist: AllowlistWatch,
    supervisor: Supervisor,
    { startAdmin, openAdminServices }: AdminModules,
  ): Promise<AdminServer> {
    const { admin, providers } = this.#settings;
    const names = providers.map((provider) => provider.name);
    const metrics = await this.#metrics.load({ version, node: process.version, providers: names });
    const services = openAdminServices({
      settings: this.#settings,
      origins: this.#origins,
      dependencies: Object.keys(manifest.dependencies),
      metrics,
      store: this.#store,
      port: () => supervisor.port,
      status: () => this.#status(allowlist, supervisor),
      rotateLedger: () => this.#rotateLedger(supervisor),
      reloadAllowlist: () => reloadAllowlist(allowlist, this.#rollout),
      setPrices: (overrides) => supervisor.setPrices(overrides),
    });
    const routes = async (signIn: SignIn): Promise<readonly Route[]> =>
      (await import("../admin/api/routes/admin-routes.ts")).adminRoutes(services, signIn);
    return startAdmin({ routes, host: admin.host, port: admin.port, token, log: this.#log });
  }

  onAllowlist(list: AllowlistVersion): void {
    this.#supervisor?.setAccess({ version: list.version, table: list.buffer });
    this.refresh();
  }

  /** To be called after any change of status, so that `/readyz`, `/metrics` and waiting reloads see it. */
  refresh(): void {
    this.#rollout.onWorkerStatus();
    const allowlist = this.#allowlist?.status();
    const supervisor = this.#supervisor;
    if (allowlist === undefined || supervisor === undefined) return;
    const status = { state: this.#state, allowlist, ledger: supervisor.ledger(), workers: supervisor.workers() };
    this.#readiness.publish(status, (readiness) => supervisor.setReadiness(readiness));
  }

  /** Serves until the first signal to stop, then stops in order; resolves to the exit code. */
  async serveUntilSignal(): Promise<number> {
    const signal = await this.#signals.first;
    this.#state = "draining";
    this.#log.info({ signal }, "draining");
    this.refresh();
    const closed = await this.#stop(this.#signals.hurry);
    return this.#signals.secondSignalExitCode ?? (closed ? EXIT_OK : EXIT_FAILURE);
  }

  /** Closes what a failed start had opened. */
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
      // A normal exit would wait for the ledger worker, which hangs in a system call.
      process.kill(process.pid, "SIGKILL");
    }
    return closed;
  }

  #stopStore(): void {
    clearTimeout(this.#retention);
    this.#store?.stop();
  }

  /** Retention is the store's work, so it is woken for it now and then. */
  #startRetention(): NodeJS.Timeout | undefined {
    const { retentionDays, retentionBytes } = this.#settings.store;
    const store = this.#store;
    if (store === undefined || (retentionDays === undefined && retentionBytes === undefined)) return undefined;
    const wake = (): void => {
      store.wake();
      this.#retention = setTimeout(wake, RETENTION_MS).unref();
    };
    return setTimeout(wake, FIRST_RETENTION_MS).unref();
  }

  async #rotateLedger(supervisor: Supervisor): Promise<string | undefined> {
    const segment = await supervisor.rotateLedger();
    this.#log.info({ segment }, "stats file rotated on a request to the admin API");
    return segment;
  }

  async #reloadOnSignal(): Promise<void> {
    const status = await this.#allowlist?.reload();
    this.#log.info({ keys: status?.keys, error: status?.error }, "allow-list checked on SIGHUP");
  }

  #status(allowlist: AllowlistWatch, supervisor: Supervisor): ProxyStatus {
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
      refusals: this.#rejections.recent,
    };
  }
}

type AdminModules = Awaited<ReturnType<typeof loadAdminModules>>;

/** Loads them while the ledger worker opens the stats file. */
function loadAdminModules() {
  const loading = Promise.all([import("../admin/server/admin-server.ts"), import("./open-admin-services.ts")]).then(
    ([{ startAdmin }, { openAdminServices }]) => ({ startAdmin, openAdminServices }),
  );
  // The caller sees the error, unless the start has failed for another reason before.
  loading.catch(() => undefined);
  return loading;
}

function loadOverrides({ pricing }: Settings): ReturnType<typeof loadPriceOverrides> {
  return pricing.overridesPath === undefined ? { overrides: NO_OVERRIDES } : loadPriceOverrides(pricing.overridesPath);
}

function reportIssues(stderr: NodeJS.WritableStream, what: string, issues: readonly ConfigIssue[]): number {
  stderr.write(`lmgate: invalid ${what}; LMGate did not start\n`);
  for (const line of formatIssues(issues)) stderr.write(`  ${line}\n`);
  return EXIT_INVALID;
}
