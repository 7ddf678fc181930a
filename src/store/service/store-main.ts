/**
 * Entry point of the store's process. The process may be killed at any time: its files are complete at every moment, and what
 * it has in memory is also in the ledger. It ends with the gateway that started it, or after a while without queries.
 */
import { writeFileSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { relayLogger } from "../../core/log.ts";
import { HourCache } from "../backends/memory/hour-cache.ts";
import { LocalReader, type LocalReaderOptions } from "./local-reader.ts";
import { readerMethods } from "./reader-rpc.ts";
import { storeInfo } from "../files/store-info.ts";
import { openSpillDirectory } from "./spill-directory.ts";
import { earliestTime } from "../query/earliest-time.ts";
import { StoreRefresher } from "./store-refresher.ts";
import type { FromStore, Methods, PlainError, StoreInit, ToStore } from "./store-protocol.ts";

/** After this time a query runs without the newest records rather than wait for them. */
const UPDATE_DEADLINE_MS = 5000;
const MEGABYTE = 1024 * 1024;
const EXIT_BROKEN = 1;

/** Rejects queries during the first read, because results of half a ledger look complete. The client knows the error by its name. */
class FirstReadRunning extends Error {
  constructor(progress: string) {
    super(`what was recorded since the last query is being read${progress === "" ? "" : ` (${progress})`}`);
    this.name = "StoreUnavailable";
  }
}

const running = new Map<number, AbortController>();
const pulls = new Map<number, () => void>();
const serving = Promise.withResolvers<{ readonly refresher: StoreRefresher; readonly methods: Methods }>();

lowerPriority();
// Ctrl-C reaches every process of the terminal; the gateway decides when this one ends.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);
process.on("disconnect", () => process.exit());
// as: the gateway sends only these messages.
process.on("message", (message) => onMessage(message as ToStore));

function onMessage(message: ToStore): void {
  switch (message.kind) {
    case "open":
      void open(message.init);
      return;
    case "invoke":
      void invoke(message.id, message.method, message.argument);
      return;
    case "pull":
      pulls.get(message.id)?.();
      return;
    case "cancel":
      running.get(message.id)?.abort();
      pulls.get(message.id)?.();
      return;
    case "close":
      void close();
      return;
  }
}

async function close(): Promise<void> {
  const { refresher } = await serving.promise;
  await refresher.close();
  process.exit();
}

async function open({ settings, ledgerPath }: StoreInit): Promise<void> {
  const spillDirectory = openSpillDirectory(settings.path, Date.now);
  const log = relayLogger((entry) => send({ kind: "log", ...entry }));
  const onBroken = (error: unknown): never => end(error);
  try {
    const refresher = await StoreRefresher.start(
      { settings, ledgerPath, now: Date.now, log, onBroken },
      spillDirectory,
    );
    const { store } = refresher;
    const use: LocalReaderOptions["use"] = (work) => store.read(work);
    const cache = new HourCache({
      directory: settings.path,
      maxBytes: (settings.memoryMegabytes / 2) * MEGABYTE,
      use,
    });
    const reader = new LocalReader({ use, now: Date.now, directory: spillDirectory, cache });
    serving.resolve({ refresher, methods: { ...readerMethods(reader), storeInfo: async () => storeInfo(store) } });
    send({ kind: "ready" });
    void cache.prepare();
  } catch (error) {
    end(error);
  }
}

async function invoke(id: number, name: string, argument: unknown): Promise<void> {
  const { refresher, methods } = await serving.promise;
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const isReady = refresher.hasCaughtUp
      ? (await refresher.bringUpToDate(UPDATE_DEADLINE_MS), true)
      : await refresher.isCompleteSince(earliestTime(name, argument, Date.now()), UPDATE_DEADLINE_MS);
    if (!isReady && !refresher.hasCaughtUp) throw new FirstReadRunning(refresher.progress);
    controller.signal.throwIfAborted();
    const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
    if (method === undefined) throw new Error(`the store has no method ${name}`);
    const result = method(argument, controller.signal);
    if (Symbol.asyncIterator in result) await sendParts(id, result, controller.signal);
    else send({ kind: "result", id, value: await result });
  } catch (error) {
    send({ kind: "error", id, error: plainError(error) });
  } finally {
    running.delete(id);
    pulls.delete(id);
  }
}

/** Sends one part at a time, so that a slow reader does not fill memory. */
async function sendParts(id: number, parts: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
  for await (const bytes of parts) {
    const pulled = new Promise<void>((resolve) => pulls.set(id, resolve));
    send({ kind: "part", id, bytes });
    await pulled;
    if (signal.aborted) return;
  }
  send({ kind: "end", id });
}

function plainError(error: unknown): PlainError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error), properties: {} };
  const { name, message } = error;
  const properties = Object.fromEntries(Object.entries(error).filter(([property]) => property !== "name"));
  return { name, message, properties };
}

function send(message: FromStore): void {
  if (process.connected) process.send?.(message, undefined, {}, () => undefined);
}

/** Ends this process; the gateway starts another. */
function end(error: unknown): never {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(EXIT_BROKEN);
}

/** Gives requests precedence at the processor and when memory runs out. The database's threads inherit both settings. */
function lowerPriority(): void {
  try {
    setPriority(constants.priority.PRIORITY_LOW);
    writeFileSync("/proc/self/oom_score_adj", "800");
  } catch {
    // The system does not support it; the limits on memory and threads apply anyway.
  }
}
