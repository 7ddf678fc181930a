// Client connections: how many are open, and how many were rejected.
import { Counter, Gauge, type Registry } from "prom-client";
import type { ConnectionRejection, ProxyDeltas } from "../../core/counters/proxy-deltas.ts";

const REASONS: Readonly<Record<ConnectionRejection, string>> = {
  total: "max_connections",
  address: "max_connections_per_address",
};

export class ConnectionMetrics {
  readonly #rejected: Counter<"reason">;
  /** By worker. Each reports its current number, not a change. */
  readonly #open = new Map<string, number>();

  constructor(registry: Registry) {
    this.#rejected = new Counter({
      name: "lmgate_connections_refused_total",
      help: "Client connections rejected because a limit was reached, by setting.",
      labelNames: ["reason"],
      registers: [registry],
    });
    for (const reason of Object.values(REASONS)) this.#rejected.inc({ reason }, 0);
    const open = this.#open;
    const gauge: Gauge = new Gauge({
      name: "lmgate_client_connections",
      help: "Open client connections.",
      registers: [registry],
      collect: () => gauge.set([...open.values()].reduce((sum, count) => sum + count, 0)),
    });
  }

  add(worker: string, delta: Pick<ProxyDeltas, "connections" | "connectionsRejected">): void {
    this.#open.set(worker, delta.connections);
    for (const kind of ["total", "address"] as const) {
      const count = delta.connectionsRejected[kind];
      if (count !== undefined) this.#rejected.inc({ reason: REASONS[kind] }, count);
    }
  }

  /** The connections of a worker end with it. */
  forget(worker: string): void {
    this.#open.delete(worker);
  }
}
