/**
 * The store's process. It may be killed at any time: what it has on disk is complete at every moment, and what it has in
 * memory is in the ledger. It ends with the gateway that started it.
 */
import { rmSync, writeFileSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { join } from "node:path";
import { relayLogger } from "../../core/log.ts";
import { HourCache } from "../backends/memory/hour-cache.ts";
import { LocalReader, type ReaderPlace } from "./local-reader.ts";
import { readerMethods } from "./reader-methods.ts";
import { storeFacts } from "../files/store-info.ts";
import { StoreRefresher } from "./store-refresher.ts";
import type { Fault, FromStore, Methods, StoreInit, ToStore } from "./store-protocol.ts";

/** An answer may lack what came within the last moment, rather than wait for a long piece of work. */
const FRESHEN_DEADLINE_MS = 5000;
const MEGABYTE = 1024 * 1024;
const EXIT_BROKEN = 1;

/** Figures of half a ledger would look like those of a whole one. The name is what the other end knows such errors by. */
class StillReading extends Error {
  constructor() {
    super("the stats files are being read for the first time");
    this.name = "StoreUnavailable";
  }
}

const asked = new Map<number, AbortController>();
const pulls = new Map<number, () => void>();
const serving = Promise.withResolvers<{ readonly keeper: StoreRefresher; readonly methods: Methods }>();

yieldToCalls();
// A Ctrl-C at the terminal reaches every process there; the gateway decides when this one ends.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);
process.on("disconnect", () => process.exit());
// The type is that of what the other end sends.
process.on("message", (message) => hear(message as ToStore));

function hear(message: ToStore): void {
  switch (message.kind) {
    case "open":
      void open(message.init);
      return;
    case "ask":
      void answer(message.id, message.method, message.argument);
      return;
    case "pull":
      pulls.get(message.id)?.();
      return;
    case "cancel":
      asked.get(message.id)?.abort();
      pulls.get(message.id)?.();
      return;
  }
}

async function open({ settings, ledgerPath }: StoreInit): Promise<void> {
  const spillDirectory = join(settings.path, "spill");
  // Of a process that was killed.
  rmSync(spillDirectory, { recursive: true, force: true });
  const log = relayLogger((entry) => send({ kind: "log", ...entry }));
  const onBroken = (error: unknown): never => end(error);
  try {
    const keeper = await StoreRefresher.start({ settings, ledgerPath, now: Date.now, log, onBroken }, spillDirectory);
    const { store } = keeper;
    const use: ReaderPlace["use"] = (work) => store.ask(work);
    const memory = new HourCache({
      directory: settings.path,
      maxBytes: (settings.memoryMegabytes / 2) * MEGABYTE,
      use,
    });
    const reader = new LocalReader({ use, now: Date.now, directory: spillDirectory, memory });
    serving.resolve({ keeper, methods: { ...readerMethods(reader), facts: async () => storeFacts(store) } });
    send({ kind: "ready" });
    void memory.prepare();
  } catch (error) {
    end(error);
  }
}

async function answer(id: number, name: string, argument: unknown): Promise<void> {
  const { keeper, methods } = await serving.promise;
  const controller = new AbortController();
  asked.set(id, controller);
  try {
    const isFresh = await keeper.freshen(FRESHEN_DEADLINE_MS);
    if (!isFresh && !keeper.hasCaughtUp) throw new StillReading();
    controller.signal.throwIfAborted();
    const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
    if (method === undefined) throw new Error(`the store knows no method ${name}`);
    const given = method(argument, controller.signal);
    if (Symbol.asyncIterator in given) await sendParts(id, given, controller.signal);
    else send({ kind: "answer", id, value: await given });
  } catch (error) {
    send({ kind: "fault", id, fault: faultOf(error) });
  } finally {
    asked.delete(id);
    pulls.delete(id);
  }
}

/** One part is on its way at a time, so that a slow reader fills no memory. */
async function sendParts(id: number, parts: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
  for await (const bytes of parts) {
    const pulled = new Promise<void>((resolve) => pulls.set(id, resolve));
    send({ kind: "part", id, bytes });
    await pulled;
    if (signal.aborted) return;
  }
  send({ kind: "end", id });
}

function faultOf(error: unknown): Fault {
  if (!(error instanceof Error)) return { name: "Error", message: String(error), facts: {} };
  const { name, message } = error;
  const facts = Object.fromEntries(Object.entries(error).filter(([member]) => member !== "name"));
  return { name, message, facts };
}

function send(message: FromStore): void {
  if (process.connected) process.send?.(message, undefined, {}, () => undefined);
}

/** The gateway starts another. */
function end(error: unknown): never {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(EXIT_BROKEN);
}

/** Calls come first: at the processor, and when memory runs out. The database's threads inherit what is set here. */
function yieldToCalls(): void {
  try {
    setPriority(constants.priority.PRIORITY_LOW);
    writeFileSync("/proc/self/oom_score_adj", "800");
  } catch {
    // Not on this system; the limits of memory and threads hold all the same.
  }
}
