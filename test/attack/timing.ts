/** Measures whether the time of a rejection tells one kind of wrong key from another. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

import { seededRandom } from "../harness/seeded-random.ts";
import { bearer, startAttackFixture, goodKey, request } from "./attack-fixture.ts";

const HEAD = goodKey.key.slice(0, 12);
const TAIL = goodKey.key.slice(12);
const MANY = 64;

/** Kinds of rejected keys, all of the same length. The others are compared with the first. */
export const REJECTED_KEYS: Readonly<Record<string, (n: number) => string>> = {
  unknown: (n) => bearer(`sk-absent-${String(n).padStart(HEAD.length + TAIL.length - 10, "0")}`),
  "last character wrong": (n) => bearer(`${goodKey.key.slice(0, -1)}${"0123456789"[n % 10]}`),
  "first half right": (n) => bearer(`${HEAD}${String(n).padStart(TAIL.length, "0")}`),
  disabled: (n) => bearer(disabledKey(n)),
};

function disabledKey(n: number): string {
  return `sk-gone-${String(n).padStart(HEAD.length + TAIL.length - 8, "0")}`;
}

const DISABLED_ROWS = Array.from({ length: MANY }, (_, n) => `gone-${n},${disabledKey(n)},x,2026-11-01,true\n`);
const LIST = `id,api_key,owner,added,disabled\n${goodKey.id},${goodKey.key},x,2026-11-01,false\n${DISABLED_ROWS.join("")}`;

export interface Timing {
  readonly kind: string;
  readonly samples: number;
  readonly medianMicroseconds: number;
  /** Welch's t against the first kind; `undefined` for the first kind itself. */
  readonly t: number | undefined;
}

/** Above this, two classes are distinguishable (Reparaz, Balasch, Verbauwhede: "Dude, is my code constant time?"). */
export const DISTINGUISHABLE_T = 4.5;
/** The slowest percent was delayed by something else, in every class alike. */
const KEPT_FRACTION = 0.9;

/** Sends requests in random order over one connection, so that the load of the machine affects all kinds alike. */
export async function measureRejections(requests: number, seed: number): Promise<readonly Timing[]> {
  const fixture = await startAttackFixture({ allowlist: LIST });
  const kinds = Object.keys(REJECTED_KEYS);
  const times = new Map(kinds.map((kind): [string, number[]] => [kind, []]));
  const random = seededRandom(seed);
  const client = connect({ port: fixture.gateway.port, host: "127.0.0.1", noDelay: true });
  try {
    for (let n = 0; n < requests; n++) {
      const kind = kinds[Math.floor(random() * kinds.length)] ?? "";
      const text = request("GET", "/openai/v1/models", REJECTED_KEYS[kind]?.(n % MANY) ?? "");
      const from = process.hrtime.bigint();
      const response = await sendRequest(client, text);
      const elapsedMs = Number(process.hrtime.bigint() - from) / 1000;
      if (!response.startsWith("HTTP/1.1 403")) throw new Error(`${kind}: ${response}`);
      // The first requests measure the compiler.
      if (n > requests / 20) times.get(kind)?.push(elapsedMs);
    }
  } finally {
    client.destroy();
    await fixture.stop();
  }
  const kept = kinds.map((kind) => trimmed(times.get(kind) ?? []));
  const [first = []] = kept;
  return kept.map((samples, at) => ({
    kind: kinds[at] ?? "",
    samples: samples.length,
    medianMicroseconds: samples[Math.floor(samples.length / 2)] ?? 0,
    t: at === 0 ? undefined : welch(samples, first),
  }));
}

/** An error response is small and arrives in one piece. */
async function sendRequest(client: Socket, head: string): Promise<string> {
  client.write(head, "latin1");
  const [bytes] = (await once(client, "data")) as [Buffer]; // as: the argument of a socket's "data"
  return bytes.toString("latin1");
}

function trimmed(samples: readonly number[]): readonly number[] {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted.slice(0, Math.floor(sorted.length * KEPT_FRACTION));
}

export function welch(one: readonly number[], other: readonly number[]): number {
  const [a, b] = [spread(one), spread(other)];
  return (a.mean - b.mean) / Math.sqrt(a.variance / one.length + b.variance / other.length);
}

function spread(samples: readonly number[]): { readonly mean: number; readonly variance: number } {
  const mean = samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
  const variance = samples.reduce((sum, sample) => sum + (sample - mean) ** 2, 0) / (samples.length - 1);
  return { mean, variance };
}
