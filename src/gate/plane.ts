import type { Provider } from "../core/settings.ts";
import { SpareDecoders } from "../usage/spare-decoders.ts";
import { Afterlives } from "./afterlife.ts";
import { CallsInFlight } from "./calls-in-flight.ts";
import { DnsCache } from "./dns-cache.ts";
import type { Gate } from "./gate.ts";
import { RecordMemory } from "./passage.ts";
import { ReadPieces } from "./read-pieces.ts";
import { RecordIds } from "./record-ids.ts";
import { TimerWheel } from "./timer-wheel.ts";
import { UpstreamPool } from "./upstream-pool.ts";
import { WriteTurn } from "./write-turn.ts";

/** What all connections of a data thread share. */
export interface Plane {
  readonly gate: Gate;
  readonly wheel: TimerWheel;
  readonly turn: WriteTurn;
  readonly ids: RecordIds;
  readonly decoders: SpareDecoders;
  readonly records: RecordMemory;
  readonly afterlives: Afterlives;
  readonly pieces: ReadPieces;
  readonly inFlight: CallsInFlight;
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

export function openPlane(gate: Gate, clock: () => number, wallClock: () => number): Plane {
  const wheel = new TimerWheel(clock);
  const dns = new DnsCache(clock);
  const pools = new Map<string, UpstreamPool>();
  const turn = new WriteTurn();
  const pieces = new ReadPieces();
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
    decoders: new SpareDecoders(),
    records: new RecordMemory(),
    afterlives: new Afterlives(gate.accounting, wheel),
    pieces,
    inFlight: new CallsInFlight(),
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
