import type { Provider } from "../../core/provider.ts";
import { DecoderPool } from "../../usage/decode/decoder-pool.ts";
import type { ProxyContext } from "../admission/proxy-context.ts";
import { BufferPool } from "../io/buffer-pool.ts";
import { TimerWheel } from "../io/timer-wheel.ts";
import { WriteBatcher } from "../io/write-batcher.ts";
import { RecordCaches } from "../recording/finished-request.ts";
import { RecordIds } from "../recording/record-ids.ts";
import type { RecordingContext } from "../recording/request-recorder.ts";
import { RunningRequests } from "../recording/running-requests.ts";
import { DnsCache } from "../upstream/dns-cache.ts";
import { UpstreamPool } from "../upstream/upstream-pool.ts";
import { ClientDrains } from "./discarding-client.ts";

/** What all connections of a data worker share. */
export interface DataPlane extends RecordingContext {
  readonly wheel: TimerWheel;
  readonly writes: WriteBatcher;
  readonly drains: ClientDrains;
  readonly buffers: BufferPool;
  poolOf(provider: Provider): UpstreamPool;
  closePools(): void;
  /** Set when the process is about to stop: every response then closes its connection. */
  draining: boolean;
  /** Set when the worker stops listening: a connection then closes as soon as it has no request. */
  stopping: boolean;
}

/** The size of Node.js's own read buffers. */
const READ_BYTES = 65_536;

export function openDataPlane(context: ProxyContext, clock: () => number, wallClock: () => number): DataPlane {
  const wheel = new TimerWheel(clock);
  const dns = new DnsCache(clock);
  const pools = new Map<string, UpstreamPool>();
  const writes = new WriteBatcher();
  const buffers = new BufferPool();
  const settings = {
    writes,
    connectMs: context.timeouts.connectMs,
    idleMs: context.timeouts.upstreamIdleMs,
    maxAgeMs: context.timeouts.upstreamMaxAgeMs,
    clock,
    listenAddress: context.listenAddress,
    headLimits: { maxBytes: context.maxHeadBytes, maxFields: context.maxHeaders },
    readBuffer: Buffer.allocUnsafeSlow(READ_BYTES),
    buffers,
  };
  return {
    context,
    wheel,
    writes,
    ids: new RecordIds(wallClock),
    decoders: new DecoderPool(),
    recordCaches: new RecordCaches(),
    drains: new ClientDrains(context.accounting, wheel),
    buffers,
    running: new RunningRequests(),
    clock,
    wallClock,
    poolOf(provider) {
      let pool = pools.get(provider.name);
      if (pool === undefined) {
        pool = new UpstreamPool(provider.upstream, settings, dns, wheel);
        pools.set(provider.name, pool);
      }
      return pool;
    },
    closePools() {
      for (const pool of pools.values()) pool.close();
    },
    draining: false,
    stopping: false,
  };
}
