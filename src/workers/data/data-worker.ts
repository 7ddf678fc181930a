import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { parentPort } from "node:worker_threads";
import { ProxyCounters } from "../../core/counters/proxy-counters.ts";
import { SEPARATOR } from "../../core/request/deferred-record.ts";
import { suggestPrefix } from "../../providers/index.ts";
import type { HealthPath, HealthResponse, ProxyContext, RejectedRequest } from "../../proxy/admission/proxy-context.ts";
import { toDeferredRecord } from "../../proxy/recording/deferred-request.ts";
import { Listener } from "../../proxy/downstream/listener.ts";
import { openDataPlane, type DataPlane } from "../../proxy/exchange/data-plane.ts";
import { END_FUNCTION } from "../protocol/messages.ts";
import type { DataWorkerInit, FromDataWorker, Readiness, RejectionNote, ToDataWorker } from "../protocol/messages.ts";
import { toRecordMessage } from "../protocol/record-message.ts";
import { collectStartupGarbage } from "../supervision/collect-startup-garbage.ts";
import { startHeartbeat } from "../supervision/heartbeat.ts";
import { ConnectionCounts } from "./connection-counts.ts";
import { DurabilityGate } from "./durability-gate.ts";
import { KeyLookup } from "./key-lookup.ts";
import { RecordSender } from "./record-sender.ts";

// The entry of a data worker: gives the proxy its functions. It uses sockets only and opens no file.

const REPORT_MS = 1_000;
const LAG_RESOLUTION_MS = 20;
/** The ledger knows each request before it is 100 ms old, and is spared the short ones. */
const ANNOUNCE_AGE_MS = 50;
const ANNOUNCE_MS = 30;
/** Rejected requests in one report, and there is one a second: enough to show what is happening, too few to flood the log. */
const MAX_REJECTION_NOTES = 20;

class DataWorker {
  readonly #init: DataWorkerInit;
  readonly #post: (message: FromDataWorker) => void;
  readonly #keys: KeyLookup;
  readonly #sender: RecordSender;
  readonly #durability: DurabilityGate;
  readonly #connections: ConnectionCounts;
  readonly #plane: DataPlane;
  readonly #counters = new ProxyCounters();
  readonly #rejections = new RejectionNotes();
  readonly #lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  readonly #listener: Listener;
  readonly #stopHeartbeat: () => void;
  readonly #report: NodeJS.Timeout;
  readonly #announcements: NodeJS.Timeout;
  #readiness: Readiness;

  constructor(init: DataWorkerInit, post: (message: FromDataWorker) => void) {
    this.#init = init;
    this.#post = post;
    this.#keys = new KeyLookup(init.access);
    const clock = (): number => performance.now();
    this.#sender = new RecordSender(init.ledger, (message) => this.#durability.confirmed(message));
    this.#durability = new DurabilityGate(this.#sender, clock);
    this.#readiness = init.readiness;
    this.#connections = openConnectionCounts(init);
    this.#plane = openDataPlane(this.#context(), clock, () => Date.now());
    this.#listener = new Listener(this.#plane);
    this.#stopHeartbeat = startHeartbeat(init.heartbeat);
    this.#lag.enable();
    this.#report = setInterval(() => this.#sendReport(), REPORT_MS);
    this.#announcements = setInterval(() => this.#announce(clock() - ANNOUNCE_AGE_MS), ANNOUNCE_MS);
  }

  async #listen(): Promise<void> {
    const { settings, port, reusePort } = this.#init;
    try {
      await this.#listener.listen({ host: settings.server.host, port, reusePort });
      this.#post({ kind: "listening" });
      collectStartupGarbage(() => this.#plane.running.isEmpty);
    } catch (error) {
      const { code = "", message } = error as NodeJS.ErrnoException; // as: `listen` rejects with these
      this.#post({ kind: "listen-failed", code, message });
    }
  }

  /** An uncaught error, or the supervisor, is about to end the worker. */
  crashing(): void {
    this.#announce(Infinity);
    this.#sender.flush();
    this.#listener.resetAll();
  }

  receive(message: ToDataWorker): void {
    switch (message.kind) {
      case "listen":
        void this.#listen();
        break;
      case "access":
        this.#keys.replace(message.access);
        this.#post({ kind: "access-applied", version: message.access.version });
        break;
      case "readiness":
        this.#readiness = message.readiness;
        break;
      case "ledger":
        this.#sender.relink(message.link, this.#plane.running.reannounce());
        this.#durability.relinked();
        break;
      case "drain":
        this.#listener.drain();
        break;
      case "stop":
        void this.#stop();
        break;
      case "abort":
        this.#listener.abortAll();
        break;
    }
  }

  async #stop(): Promise<void> {
    await this.#listener.stop();
    clearInterval(this.#report);
    clearInterval(this.#announcements);
    this.#sendReport();
    this.#sender.end();
    this.#lag.disable();
    this.#stopHeartbeat();
    this.#plane.closePools();
    this.#plane.wheel.close();
    this.#post({ kind: "stopped" });
  }

  #context(): ProxyContext {
    const { settings } = this.#init;
    const enabled = settings.providers.map((provider) => provider.name);
    return {
      maxBodyBytes: settings.server.maxBodyBytes,
      maxHeadBytes: settings.server.maxHeadBytes,
      maxHeaders: settings.server.maxHeaders,
      allowPreflight: settings.auth.allowPreflight,
      timeouts: settings.timeouts,
      accounting: settings.accounting,
      listenAddress: { host: settings.server.host, port: this.#init.port },
      providers: new Map(settings.providers.map((provider) => [provider.name, provider])),
      prefixes: enabled.map((name) => `/${name}/`),
      identify: (key) => this.#keys.identify(key),
      suggestPath: (path) => suggestPrefix(path, enabled),
      health: (path) => this.#health(path),
      requestRejected: (rejected) => {
        this.#counters.requestRejected(rejected.rejection);
        this.#rejections.add(rejected, Date.now());
      },
      acceptConnection: (address) => {
        const rejection = this.#connections.open(address);
        if (rejection !== undefined) this.#counters.connectionRejected(rejection);
        return rejection === undefined;
      },
      connectionClosed: (address) => this.#connections.close(address),
      requestStarted: (provider) => this.#counters.requestStarted(provider),
      holdsResponses: settings.stats.durability === "written",
      record: (record, announced, written) => {
        this.#counters.recorded(record);
        this.#whenWritten(this.#sender.add(toRecordMessage(record), announced), written);
      },
      recordLater: (deferred, announced, written) => {
        const isSent = this.#sender.addDeferred(deferred, announced);
        // The ledger worker counts the records that it makes.
        if (!isSent)
          this.#counters.recorded(toDeferredRecord([0, ...deferred.numbers], deferred.text.split(SEPARATOR), 0));
        this.#whenWritten(isSent, written);
      },
      requestEnded: (provider, fields) => this.#counters.requestEnded(provider, fields),
    };
  }

  #whenWritten(isSent: boolean, written: (() => void) | undefined): void {
    if (written === undefined) return;
    if (isSent) this.#durability.hold(written);
    else this.#durability.releaseUnconfirmed(written);
  }

  #health(path: HealthPath): HealthResponse {
    if (path === "/readyz") return { ...this.#readiness, contentType: "application/json" };
    return { status: 200, contentType: "text/plain; charset=utf-8", body: "ok" };
  }

  /** Tells the ledger worker about the requests that started before `startedBefore`. */
  #announce(startedBefore: number): void {
    // The next ledger worker gets all of them when it is linked.
    if (!this.#sender.connected) return;
    const change = this.#plane.running.takeChanges(startedBefore);
    if (change !== undefined) this.#sender.sendInFlight(change);
  }

  #sendReport(): void {
    const lag = this.#lag;
    const milliseconds = (nanoseconds: number): number =>
      Math.max(0, Math.round(nanoseconds / 10_000) / 100 - LAG_RESOLUTION_MS);
    const loopLagMs = {
      p50: milliseconds(lag.percentile(50)),
      p99: milliseconds(lag.percentile(99)),
      max: milliseconds(lag.max),
    };
    lag.reset();
    const transfer = { dropped: this.#sender.dropped, unconfirmed: this.#durability.unconfirmed };
    this.#sender.dropped = 0;
    this.#durability.unconfirmed = 0;
    const delta = this.#counters.take({ loopLagMs, connections: this.#listener.connections });
    this.#post({ kind: "delta", delta, transfer });
    const rejections = this.#rejections.take();
    if (rejections !== undefined) this.#post({ kind: "rejected", ...rejections });
  }
}

/** The latest rejected requests of a data worker. Those beyond the limit are only counted. */
class RejectionNotes {
  #notes: RejectionNote[] = [];
  #unlisted = 0;

  add(rejected: RejectedRequest, at: number): void {
    if (this.#notes.length < MAX_REJECTION_NOTES) this.#notes.push({ at, ...rejected });
    else this.#unlisted++;
  }

  /** What was added since the last time; `undefined` if nothing was. */
  take(): { rejected: readonly RejectionNote[]; unlisted: number } | undefined {
    if (this.#notes.length === 0) return undefined;
    const taken = { rejected: this.#notes, unlisted: this.#unlisted };
    this.#notes = [];
    this.#unlisted = 0;
    return taken;
  }
}

function openConnectionCounts({ settings, connections }: DataWorkerInit): ConnectionCounts {
  const { maxConnections: total, maxConnectionsPerAddress: perAddress } = settings.server;
  return new ConnectionCounts(connections.shared, connections.worker, { total, perAddress });
}

const parent = parentPort;
// The first message starts the work. It may come long after the code is loaded.
parent?.once("message", (init: DataWorkerInit) => {
  const worker = new DataWorker(init, (message) => parent.postMessage(message));
  parent.on("message", (message: ToDataWorker) => worker.receive(message));
  // The monitor does not catch: the error still ends the worker and reaches its supervisor.
  process.on("uncaughtExceptionMonitor", () => worker.crashing());
  Reflect.set(globalThis, END_FUNCTION, () => {
    worker.crashing();
    process.exit(1);
  });
  parent.postMessage({ kind: "loaded" } satisfies FromDataWorker);
});
