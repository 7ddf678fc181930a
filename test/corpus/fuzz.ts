/**
 * Damages responses and messages of the corpus at random and reads them in random pieces. No exception may occur, no memory
 * may be kept, every record must be valid, and the bytes must not change.
 */
import { setImmediate } from "node:timers/promises";
import zlib from "node:zlib";

import { WebSocketObserver } from "../../src/proxy/recording/websocket-observer.ts";
import { observedRequest } from "../../src/proxy/recording/observed-heads.ts";
import type { UsageReading } from "../../src/core/usage/usage.ts";
import { issuesIn } from "../harness/record-schema.ts";
import { seededRandom } from "../harness/seeded-random.ts";
import { frame } from "../websocket/frames.ts";
import type { End, Field, Step, Session } from "./exchange.ts";
import { loadCorpus } from "./load.ts";
import { admittedRequest, observe, recordOfReading, responseHeadOf } from "./observed.ts";

type Random = () => number;

export interface FuzzResult {
  readonly rounds: number;
  /** Bytes of all damaged responses and messages. */
  readonly bytes: number;
  /** The exchange and the failure of each failed round. */
  readonly failures: readonly string[];
  /** How many records had each state, to check that the damage has an effect. */
  readonly states: ReadonlyMap<string, number>;
}

export interface FuzzOptions {
  readonly seed: number;
  /** Called before each round. */
  readonly continues: () => boolean;
}

const MAX_FAILURES = 5;
const MAX_BODY = 20_000;

export async function fuzz({ seed, continues }: FuzzOptions): Promise<FuzzResult> {
  const files = loadCorpus();
  const steps = files.flatMap(({ exchange }) => exchange.steps).filter((step) => step.response.body.length <= MAX_BODY);
  const sessions = files.flatMap(({ exchange }) => exchange.session ?? []);
  const bodies = steps.map(({ response }) => response.body);
  const failures: string[] = [];
  const states = new Map<string, number>();
  let rounds = 0;
  let bytes = 0;
  for (; continues() && failures.length < MAX_FAILURES; rounds++) {
    // Decoders free their memory in a later turn of the event loop.
    if (rounds % 64 === 0) await setImmediate();
    // Each round has its own seed, so that it can be repeated alone.
    const random = seededRandom(seed + rounds);
    try {
      const isSession = random() < 0.05;
      const found = isSession
        ? sessionRound(pick(sessions, random), random)
        : stepRound(pick(steps, random), bodies, random);
      bytes += found.bytes;
      states.set(found.state, (states.get(found.state) ?? 0) + 1);
      failures.push(...found.failures.map((failure) => `seed ${seed + rounds}: ${failure}`));
    } catch (error) {
      failures.push(`seed ${seed + rounds}: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }
  return { rounds, bytes, failures, states };
}

interface Round {
  readonly bytes: number;
  readonly state: string;
  readonly failures: readonly string[];
}

function stepRound(step: Step, bodies: readonly Buffer[], random: Random): Round {
  const damaged = mutated(step.response.body, bodies, random);
  const coding = random() < 0.2 ? pick(CODINGS, random) : undefined;
  const body = coding === undefined ? damaged : maybeDamaged(coding.encode(damaged), random);
  const copy = Buffer.from(body);
  const changed: Step = {
    ...step,
    request: { ...step.request, body: mutated(step.request.body, bodies, random) },
    response: { ...step.response, fields: withOtherType(step.response.fields, random) },
  };
  const end = pick<End>(["complete", "complete", "cut", "aborted"], random);
  const record = observe(changed, {
    pieces: piecesOf(body, random),
    contentEncoding: coding?.name,
    end,
    estimate: random() < 0.5,
  });
  const failures = [...issuesIn(record)];
  if (record.usage_reason === "observer_error") failures.push("an exception inside the observer");
  if (!body.equals(copy)) failures.push("the bytes were changed");
  const path = changed.request.target;
  return {
    bytes: body.length,
    state: record.usage_state ?? "none",
    failures: failures.map((failure) => `${path}: ${failure}`),
  };
}

function sessionRound({ request, messages }: Session, random: Random): Round {
  const failures: string[] = [];
  const accounting = { estimate: "off", drainBytes: 0, drainMs: 0, drainConcurrent: 0 } as const;
  const response = { status: 101, fields: [], body: Buffer.alloc(0), end: "complete", seen: [] } as const;
  const step: Step = { request, response, record: {} };
  const check = (reading: UsageReading): void => {
    if (reading.reason === "observer_error") failures.push("an exception inside the observer");
    failures.push(...issuesIn(recordOfReading(step, reading, "complete")));
  };
  const observed = observedRequest(admittedRequest(request), true, accounting);
  const head = responseHeadOf(request.method, response);
  const session = new WebSocketObserver(
    observed,
    head,
    () => 1,
    (turn) => check(turn.reading),
  );
  let size = 0;
  const texts = messages.map(({ text }) => Buffer.from(text));
  for (const { from, text } of messages) {
    const bytes = maybeDamaged(frame(from, mutated(Buffer.from(text), texts, random)), random);
    size += bytes.length;
    for (const piece of piecesOf(bytes, random)) {
      if (from === "client") session.clientBytes(piece);
      else session.serverBytes(piece);
    }
  }
  const { reading } = session.finish({ kind: pick(["complete", "shutdown", "client-aborted"] as const, random) });
  if (reading !== undefined) check(reading);
  return { bytes: size, state: "session", failures: failures.map((failure) => `${request.target}: ${failure}`) };
}

const CODINGS = [
  { name: "gzip", encode: (bytes: Buffer) => zlib.gzipSync(bytes, { level: 1 }) },
  { name: "deflate", encode: (bytes: Buffer) => zlib.deflateRawSync(bytes, { level: 1 }) },
  { name: "zstd", encode: (bytes: Buffer) => zlib.zstdCompressSync(bytes) },
  { name: "rot13", encode: (bytes: Buffer) => bytes },
  { name: "br", encode: (bytes: Buffer) => bytes },
] as const;

const TYPES = ["application/json", "text/event-stream", "application/x-ndjson", "application/vnd.amazon.eventstream"];

/** Replaces or removes the content type in some rounds. */
function withOtherType(fields: readonly Field[], random: Random): readonly Field[] {
  if (random() < 0.85) return fields;
  const others = fields.filter(([name]) => name !== "content-type");
  return random() < 0.5 ? others : [...others, ["content-type", pick(TYPES, random)]];
}

const ODD = [
  ...'{}[]":,\\\n\r 0-'.split(""),
  "null",
  "-1",
  "1e400",
  "9007199254740993",
  '"12"',
  "[[[[",
  '{"__proto__":{"x":1}}',
  '"usage":{"prompt_tokens":7}',
  '"\\ud800"',
  "\u0000",
  "data: ",
  "\n\n",
  "\uFEFF",
].map((text) => Buffer.from(text));

/** Mutates the body one to four times: flips a bit, removes, repeats or inserts bytes, or appends part of another body. */
function mutated(body: Buffer, others: readonly Buffer[], random: Random): Buffer {
  let result: Buffer = Buffer.from(body);
  for (let count = 1 + Math.floor(random() * 4); count > 0; count--) {
    const at = Math.floor(random() * (result.length + 1));
    const to = Math.min(result.length, at + Math.floor(random() * 20));
    const [before, middle, after] = [result.subarray(0, at), result.subarray(at, to), result.subarray(to)];
    const kind = random();
    if (kind < 0.3) result = maybeDamaged(result, random, 1);
    else if (kind < 0.5) result = Buffer.concat([before, after]);
    else if (kind < 0.6) result = Buffer.concat([before, middle, middle, after]);
    else if (kind < 0.85) result = Buffer.concat([before, pick(ODD, random), after]);
    else if (kind < 0.9) result = Buffer.from(before);
    else if (kind < 0.97) {
      const other = pick(others, random);
      result = Buffer.concat([before, other.subarray(Math.floor(random() * other.length))]);
    } else result = Buffer.concat([before, Buffer.alloc(70_000, pick(ODD, random)), after]);
  }
  return result;
}

function maybeDamaged(bytes: Buffer, random: Random, chance = 0.3): Buffer {
  if (bytes.length === 0 || random() >= chance) return bytes;
  const result = Buffer.from(bytes);
  const at = Math.floor(random() * result.length);
  result[at] = (result[at] ?? 0) ^ (1 << Math.floor(random() * 8));
  return result;
}

function piecesOf(body: Buffer, random: Random): readonly Buffer[] {
  const size = pick([1, 7, 100, 1_000, 65_536], random);
  if (size === 1 && body.length > 4_000) return [body];
  return Array.from({ length: Math.ceil(body.length / size) }, (_, index) =>
    body.subarray(index * size, (index + 1) * size),
  );
}

function pick<Item>(items: readonly Item[], random: Random): Item {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error("no items to pick from");
  return item;
}
