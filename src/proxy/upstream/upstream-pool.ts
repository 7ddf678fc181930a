import type { Upstream } from "../../core/settings.ts";
import type { HeadLimits } from "../../wire/head-collector.ts";
import type { DnsCache } from "./dns-cache.ts";
import type { Listening } from "../admission/admit.ts";
import type { BufferPool } from "../io/buffer-pool.ts";
import type { TimerWheel } from "../io/timer-wheel.ts";
import type { WriteBatcher } from "../io/write-batcher.ts";
import { UpstreamConnection, type ConnectionContext, type UpstreamUser } from "./upstream-connection.ts";

export interface PoolSettings {
  readonly turn: WriteBatcher;
  readonly connectMs: number;
  readonly idleMs: number;
  readonly listening: Listening;
  readonly headLimits: HeadLimits;
  readonly readSpace: Buffer;
  readonly pieces: BufferPool;
}

/** Closed this much before the upstream says it would, so that a call does not meet its FIN half-way. */
const KEEP_ALIVE_MARGIN_MS = 1_000;

/** Connections to one origin, kept for the next call; the warmest is lent first. */
export class UpstreamPool {
  readonly #upstream: Upstream;
  readonly #settings: PoolSettings;
  readonly #dns: DnsCache;
  readonly #wheel: TimerWheel;
  readonly #idle: UpstreamConnection[] = [];
  readonly #all = new Set<UpstreamConnection>();
  #session: Buffer | undefined;

  constructor(upstream: Upstream, settings: PoolSettings, dns: DnsCache, wheel: TimerWheel) {
    this.#upstream = upstream;
    this.#settings = settings;
    this.#dns = dns;
    this.#wheel = wheel;
  }

  /** An idle connection, or a new one whose `upstreamReady` will be called. */
  acquire(user: UpstreamUser, fresh: boolean): UpstreamConnection {
    if (!fresh) {
      for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
        if (idle.usable) {
          idle.lend(user);
          return idle;
        }
        idle.destroy();
      }
    }
    const connection = new UpstreamConnection(this.#context(), user);
    this.#all.add(connection);
    return connection;
  }

  /** Takes back a connection on which an exchange ended cleanly. */
  release(connection: UpstreamConnection, keepAliveTimeoutSeconds: number | undefined): void {
    const offered =
      keepAliveTimeoutSeconds === undefined ? Infinity : keepAliveTimeoutSeconds * 1_000 - KEEP_ALIVE_MARGIN_MS;
    const idleMs = Math.min(this.#settings.idleMs, offered);
    if (idleMs <= 0 || !connection.usable) {
      connection.destroy();
      return;
    }
    connection.rest(idleMs);
    this.#idle.push(connection);
  }

  close(): void {
    for (const connection of this.#all) connection.destroy();
  }

  #context(): ConnectionContext {
    return {
      upstream: this.#upstream,
      dns: this.#dns,
      wheel: this.#wheel,
      turn: this.#settings.turn,
      connectMs: this.#settings.connectMs,
      headLimits: this.#settings.headLimits,
      readSpace: this.#settings.readSpace,
      pieces: this.#settings.pieces,
      listening: this.#settings.listening,
      tlsSession: this.#session,
      onSession: (session) => {
        this.#session = session;
      },
      onGone: (connection) => {
        this.#all.delete(connection);
        const index = this.#idle.indexOf(connection);
        if (index !== -1) this.#idle.splice(index, 1);
      },
    };
  }
}
