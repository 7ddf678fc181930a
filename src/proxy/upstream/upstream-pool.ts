import type { ListenAddress } from "../../core/proxy-loop.ts";
import type { Upstream } from "../../core/provider.ts";
import type { HeadLimits } from "../../wire/head-collector.ts";
import type { DnsCache } from "./dns-cache.ts";
import type { BufferPool } from "../io/buffer-pool.ts";
import type { TimerWheel } from "../io/timer-wheel.ts";
import type { WriteBatcher } from "../io/write-batcher.ts";
import { UpstreamConnection, type ConnectionContext, type UpstreamHandler } from "./upstream-connection.ts";

export interface PoolSettings {
  readonly writes: WriteBatcher;
  readonly connectMs: number;
  readonly idleMs: number;
  /** 0: no limit. */
  readonly maxAgeMs: number;
  /** Monotonic, in milliseconds. */
  readonly clock: () => number;
  readonly listenAddress: ListenAddress;
  readonly headLimits: HeadLimits;
  readonly readBuffer: Buffer;
  readonly buffers: BufferPool;
}

/** LMGate closes an idle connection this long before the upstream would, so that a request does not meet its FIN. */
const KEEP_ALIVE_MARGIN_MS = 1_000;
/** The part of the maximum age that is taken off at random. */
const AGE_JITTER = 0.1;

/** The connections to one upstream. Idle ones are reused, the most recently used first. */
export class UpstreamPool {
  readonly #upstream: Upstream;
  readonly #settings: PoolSettings;
  readonly #dns: DnsCache;
  readonly #wheel: TimerWheel;
  readonly #idle: UpstreamConnection[] = [];
  readonly #all = new Set<UpstreamConnection>();
  #tlsSession: Buffer | undefined;

  constructor(upstream: Upstream, settings: PoolSettings, dns: DnsCache, wheel: TimerWheel) {
    this.#upstream = upstream;
    this.#settings = settings;
    this.#dns = dns;
    this.#wheel = wheel;
  }

  /** Returns an idle connection, or a new one, whose `upstreamReady` follows. `fresh` asks for a new one. */
  acquire(handler: UpstreamHandler, fresh: boolean): UpstreamConnection {
    if (!fresh) {
      for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
        if (idle.usable) {
          idle.assign(handler);
          return idle;
        }
        idle.destroy();
      }
    }
    const connection = new UpstreamConnection(this.#context(), handler);
    this.#all.add(connection);
    return connection;
  }

  /** Keeps a connection whose exchange ended cleanly for the next request. */
  release(connection: UpstreamConnection, keepAliveTimeoutSeconds: number | undefined): void {
    const offered =
      keepAliveTimeoutSeconds === undefined ? Infinity : keepAliveTimeoutSeconds * 1_000 - KEEP_ALIVE_MARGIN_MS;
    const { clock } = this.#settings;
    const idleMs = Math.min(this.#settings.idleMs, offered, connection.reuseUntil - clock());
    if (idleMs <= 0 || !connection.usable) {
      connection.destroy();
      return;
    }
    connection.setIdle(idleMs);
    this.#idle.push(connection);
  }

  /** When a connection that is opened now is too old for another request. */
  #reuseUntil(): number {
    const { clock, maxAgeMs } = this.#settings;
    return maxAgeMs === 0 ? Infinity : clock() + maxAgeMs * (1 - AGE_JITTER * Math.random());
  }

  close(): void {
    for (const connection of this.#all) connection.destroy();
  }

  #context(): ConnectionContext {
    return {
      upstream: this.#upstream,
      dns: this.#dns,
      wheel: this.#wheel,
      writes: this.#settings.writes,
      connectMs: this.#settings.connectMs,
      headLimits: this.#settings.headLimits,
      readBuffer: this.#settings.readBuffer,
      buffers: this.#settings.buffers,
      listenAddress: this.#settings.listenAddress,
      reuseUntil: this.#reuseUntil(),
      tlsSession: this.#tlsSession,
      onTlsSession: (session) => {
        this.#tlsSession = session;
      },
      onClosed: (connection) => {
        this.#all.delete(connection);
        const index = this.#idle.indexOf(connection);
        if (index !== -1) this.#idle.splice(index, 1);
      },
    };
  }
}
