import type { Provider } from "../core/settings.ts";
import { DecoderPool } from "../usage/decode/decoder-pool.ts";
import { ClientDrains } from "./downstream/discarding-client.ts";
import { RunningRequests } from "./recording/running-requests.ts";
import { DnsCache } from "./upstream/dns-cache.ts";
import type { ProxyContext } from "./admission/admit.ts";
import { RecordMemory } from "./recording/finished-request.ts";
import { BufferPool } from "./io/buffer-pool.ts";
import { RecordIds } from "./recording/record-ids.ts";
import { TimerWheel } from "./io/timer-wheel.ts";
import { UpstreamPool } from "./upstream/upstream-pool.ts";
import { WriteBatcher } from "./io/write-batcher.ts";

/** What all connections of a data thread share. */
export interface DataPlane {
  readonly gate: ProxyContext;
  readonly wheel: TimerWheel;
  readonly turn: WriteBatcher;
  readonly ids: RecordIds;
  readonly decoders: DecoderPool;
  readonly records: RecordMemory;
  readonly afterlives: ClientDrains;
  readonly pieces: BufferPool;
  readonly inFlight: RunningRequests;
  /** Monotonic, in milliseconds. */
  readonly clock: () => number;
  /** Epoch milliseconds. */
  readonly wallClock: () => number;
  poolOf(provider: Provider): UpstreamPool;
  closePools(): void;
  /** Set when the process is on its way out: every answer then closes its connection. */
  draining: boolean;
  /** Set when there is no listening any more: a connection ends as soon as it has no call. */
  stopping: boolean;
}

/** As much as Node.js reads at once. */
const READ_BYTES = 65_536;

export function openDataPlane(gate: ProxyContext, clock: () => number, wallClock: () => number): DataPlane {
  const wheel = new TimerWheel(clock);
  const dns = new DnsCache(clock);
  const pools = new Map<string, UpstreamPool>();
  const turn = new WriteBatcher();
  const pieces = new BufferPool();
  const settings = {
    turn,
    connectMs: gate.timeouts.connectMs,
    idleMs: gate.timeouts.upstreamIdleMs,
    listening: gate.listening,
    headLimits: { maxBytes: gate.maxHeadBytes, maxFields: gate.maxHeaders },
    readSpace: Buffer.allocUnsafeSlow(READ_BYTES),
    pieces,
  };
  return {
    gate,
    wheel,
    turn,
    ids: new RecordIds(wallClock),
    decoders: new DecoderPool(),
    records: new RecordMemory(),
    afterlives: new ClientDrains(gate.accounting, wheel),
    pieces,
    inFlight: new RunningRequests(),
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
