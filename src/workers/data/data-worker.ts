import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { parentPort } from "node:worker_threads";
import { ProxyCounters } from "../../core/counters/proxy-counters.ts";
import type { ProxyContext, HealthAnswer, HealthPath } from "../../proxy/admission/admit.ts";
import { Listener } from "../../proxy/downstream/listener.ts";
import { openDataPlane, type DataPlane } from "../../proxy/data-plane.ts";
import { suggestPrefix } from "../../providers/index.ts";
import { ConnectionCounts } from "./connection-counts.ts";
import { collectStartupGarbage } from "../collect-startup-garbage.ts";
import { toRecordMessage } from "./record-message.ts";
import { startHeartbeat } from "../heartbeat.ts";
import { DurabilityGate } from "./durability-gate.ts";
import { KeyLookup } from "./key-lookup.ts";
import type { DataWorkerInit, FromDataWorker, Readiness, ToDataWorker } from "../protocol.ts";
import { RecordSender } from "./record-sender.ts";
import { RefusalNotes } from "./rejection-notes.ts";

// One data thread: joins the gate to the functions it is handed. Sockets only; no file is touched here.

const REPORT_MS = 1_000;
const LAG_RESOLUTION_MS = 20;
/** So that the ledger knows of every call before it is a tenth of a second old, and never hears of a short one. */
const TELL_AGE_MS = 50;
const TELL_MS = 30;

class DataThread {
  readonly #init: DataWorkerInit;
  readonly #post: (message: FromDataWorker) => void;
  readonly #access: KeyLookup;
  readonly #outbox: RecordSender;
  readonly #held: DurabilityGate;
  readonly #connections: ConnectionCounts;
  readonly #plane: DataPlane;
  readonly #tally = new ProxyCounters();
  readonly #notes = new RefusalNotes();
  readonly #lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  readonly #listener: Listener;
  readonly #stopBeating: () => void;
  readonly #report: NodeJS.Timeout;
  readonly #tellings: NodeJS.Timeout;
  #readiness: Readiness;

  constructor(init: DataWorkerInit, post: (message: FromDataWorker) => void) {
    this.#init = init;
    this.#post = post;
    this.#access = new KeyLookup(init.access);
    const clock = (): number => performance.now();
    this.#outbox = new RecordSender(init.ledger, (message) => this.#held.booked(message));
    this.#held = new DurabilityGate(this.#outbox, clock);
    this.#readiness = init.readiness;
    this.#connections = openConnectionCounts(init);
    this.#plane = openDataPlane(this.#gate(), clock, () => Date.now());
    this.#listener = new Listener(this.#plane);
    this.#stopBeating = startHeartbeat(init.heartbeat);
    this.#lag.enable();
    this.#report = setInterval(() => this.#sendReport(), REPORT_MS);
    this.#tellings = setInterval(() => this.#tellInFlight(clock() - TELL_AGE_MS), TELL_MS);
  }

  async listen(): Promise<void> {
    const { settings, port, reusePort } = this.#init;
    try {
      await this.#listener.listen({ host: settings.server.host, port, reusePort });
      this.#post({ kind: "listening" });
      collectStartupGarbage(() => this.#plane.inFlight.isEmpty);
    } catch (error) {
      const { code = "", message } = error as NodeJS.ErrnoException; // what `listen` rejects with
      this.#post({ kind: "listen-failed", code, message });
    }
  }

  /** An error that nobody caught ends the thread. */
  failed(): void {
    this.#tellInFlight(Infinity);
    this.#outbox.flush();
    this.#listener.resetAll();
  }

  receive(message: ToDataWorker): void {
    switch (message.kind) {
      case "access":
        this.#access.take(message.access);
        this.#post({ kind: "access-taken", version: message.access.version });
        break;
      case "readiness":
        this.#readiness = message.readiness;
        break;
      case "ledger":
        this.#outbox.relink(message.link, this.#plane.inFlight.retell());
        this.#held.askAgain();
        break;
      case "drain":
        this.#listener.drain();
        break;
      case "stop":
        void this.#stop();
        break;
      case "destroy":
        this.#listener.destroyAll();
        break;
    }
  }

  async #stop(): Promise<void> {
    await this.#listener.stop();
    clearInterval(this.#report);
    clearInterval(this.#tellings);
    this.#sendReport();
    this.#outbox.end();
    this.#lag.disable();
    this.#stopBeating();
    this.#plane.closePools();
    this.#plane.wheel.close();
    this.#post({ kind: "stopped" });
  }

  #gate(): ProxyContext {
    const { settings } = this.#init;
    const enabled = settings.providers.map((provider) => provider.name);
    return {
      maxBodyBytes: settings.server.maxBodyBytes,
      maxHeadBytes: settings.server.maxHeadBytes,
      maxHeaders: settings.server.maxHeaders,
      allowPreflight: settings.auth.allowPreflight,
      timeouts: settings.timeouts,
      accounting: settings.accounting,
      listening: { host: settings.server.host, port: this.#init.port },
      providers: new Map(settings.providers.map((provider) => [provider.name, provider])),
      prefixes: enabled.map((name) => `/${name}/`),
      identify: (key) => this.#access.identify(key),
      suggest: (path) => suggestPrefix(path, enabled),
      health: (path) => this.#health(path),
      refused: (refused) => {
        this.#tally.refused(refused.refusal);
        this.#notes.add(refused, Date.now());
      },
      connected: (address) => {
        const refused = this.#connections.open(address);
        if (refused !== undefined) this.#tally.connectionRefused(refused);
        return refused === undefined;
      },
      disconnected: (address) => this.#connections.close(address),
      began: (provider) => this.#tally.began(provider),
      holdsAnswers: settings.stats.durability === "written",
      record: (record, announced, written) => {
        this.#tally.recorded(record);
        const onItsWay = this.#outbox.add(toRecordMessage(record), announced);
        if (written === undefined) return;
        if (onItsWay) this.#held.hold(written);
        else this.#held.letGo(written);
      },
      ended: (provider, fields) => this.#tally.ended(provider, fields),
    };
  }

  #health(path: HealthPath): HealthAnswer {
    if (path === "/readyz") return { ...this.#readiness, contentType: "application/json" };
    return { status: 200, contentType: "text/plain; charset=utf-8", body: "ok" };
  }

  #tellInFlight(startedBefore: number): void {
    // A ledger that is not there yet will be told of all.
    if (!this.#outbox.connected) return;
    const change = this.#plane.inFlight.take(startedBefore);
    if (change !== undefined) this.#outbox.tell(change);
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
    const handover = { dropped: this.#outbox.dropped, unconfirmed: this.#held.unconfirmed };
    this.#outbox.dropped = 0;
    this.#held.unconfirmed = 0;
    const delta = this.#tally.take({ loopLagMs, connections: this.#listener.connections });
    this.#post({ kind: "delta", delta, handover });
    const notes = this.#notes.take();
    if (notes !== undefined) this.#post({ kind: "refused", ...notes });
  }
}

function openConnectionCounts({ settings, connections }: DataWorkerInit): ConnectionCounts {
  const { maxConnections: total, maxConnectionsPerAddress: perAddress } = settings.server;
  return new ConnectionCounts(connections.shared, connections.thread, { total, perAddress });
}

const parent = parentPort;
// The first message says what this thread is to do; it may come long after the code is loaded.
parent?.once("message", (init: DataWorkerInit) => {
  const thread = new DataThread(init, (message) => parent.postMessage(message));
  parent.on("message", (message: ToDataWorker) => thread.receive(message));
  // The monitor only looks on: the error still ends the thread and is told to its supervisor.
  process.on("uncaughtExceptionMonitor", () => thread.failed());
  void thread.listen();
});
