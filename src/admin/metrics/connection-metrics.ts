// Connections of clients: how many there are, and how many were turned away.
import { Counter, Gauge, type Registry } from "prom-client";
import type { ConnectionRejection, ProxyDeltas } from "../../core/counters/proxy-deltas.ts";

const REASONS: Readonly<Record<ConnectionRejection, string>> = {
  total: "max_connections",
  address: "max_connections_per_address",
};

export class ConnectionMetrics {
  readonly #refused: Counter<"reason">;
  /** By thread: each says how many it has, not how many more. */
  readonly #open = new Map<string, number>();

  constructor(registry: Registry) {
    this.#refused = new Counter({
      name: "lmgate_connections_refused_total",
      help: "Connections of clients closed at once, by the setting that says so.",
      labelNames: ["reason"],
      registers: [registry],
    });
    for (const reason of Object.values(REASONS)) this.#refused.inc({ reason }, 0);
    const open = this.#open;
    const gauge: Gauge = new Gauge({
      name: "lmgate_client_connections",
      help: "Connections of clients open now.",
      registers: [registry],
      collect: () => gauge.set([...open.values()].reduce((sum, count) => sum + count, 0)),
    });
  }

  add(thread: string, delta: Pick<ProxyDeltas, "connections" | "connectionsRejected">): void {
    this.#open.set(thread, delta.connections);
    for (const kind of ["total", "address"] as const) {
      const count = delta.connectionsRejected[kind];
      if (count !== undefined) this.#refused.inc({ reason: REASONS[kind] }, count);
    }
  }

  /** A thread that ended took its connections with it. */
  forget(thread: string): void {
    this.#open.delete(thread);
  }
}
