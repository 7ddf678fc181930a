// Measures the throughput of the ledger: producer threads that create records at a steady rate, the real transfer, the real
// ledger worker, a real file. Prints the rate, dropped records, event-loop lag of the producers and CPU time per record.
//
//   npm run bench:ledger [-- --rate 20000 --seconds 5 --threads 2]
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { audit } from "../src/ledger/tools/audit.ts";
import { NO_OVERRIDES } from "../src/core/price-overrides.ts";
import { readSettings } from "../src/config/config.ts";
import { TransferCounters } from "../src/workers/protocol/transfer-counters.ts";
import { LedgerWorkerHandle } from "../src/workers/ledger/ledger-worker-handle.ts";
import type { ProducerInit, ProducerReport } from "./ledger-producer.ts";
import { markdownTable } from "./markdown-table.ts";

const { values } = parseArgs({
  options: {
    rate: { type: "string", default: "20000" },
    seconds: { type: "string", default: "5" },
    threads: { type: "string", default: "2" },
  },
});
const rate = Number(values.rate);
const seconds = Number(values.seconds);
const threads = Number(values.threads);

const directory = mkdtempSync(join(tmpdir(), "lmgate-bench-ledger-"));
try {
  await bench();
} finally {
  rmSync(directory, { recursive: true, force: true });
}

async function bench(): Promise<void> {
  const path = join(directory, "stats.jsonl");
  const ledgerWorker = await openLedger(path);
  const cpuBefore = process.cpuUsage();
  const ownBefore = process.threadCpuUsage();
  const started = performance.now();
  const reports = await Promise.all(
    Array.from({ length: threads }, (_, at) => produce(ledgerWorker, `data-${at + 1}`)),
  );
  await ledgerWorker.close();
  const elapsedSeconds = (performance.now() - started) / 1000;
  const all = process.cpuUsage(cpuBefore);
  const own = process.threadCpuUsage(ownBefore);
  const produced = sum(reports, ({ produced: count }) => count);
  const producerCpu = sum(reports, ({ cpuMicroseconds }) => cpuMicroseconds);
  const ledgerCpu = all.user + all.system - own.user - own.system - producerCpu;
  const found = verify(path);
  const status = ledgerWorker.status();
  const rows: readonly (readonly [string, string])[] = [
    ["records produced", produced.toLocaleString("en-US")],
    ["requested, records/s", rate.toLocaleString("en-US")],
    ["sustained, records/s, until all were written", Math.round(produced / elapsedSeconds).toLocaleString("en-US")],
    ["dropped", String(status.dropped + sum(reports, ({ dropped }) => dropped))],
    ["all in the files, without duplicates", found.ok && found.records === produced ? "yes" : `no: ${found.records}`],
    ["bytes per record", (found.bytes / found.records).toFixed(0)],
    ["files", String(found.files)],
    ["event-loop lag of the producers, p50", `${max(reports, ({ lagP50Ms }) => lagP50Ms).toFixed(2)} ms`],
    ["event-loop lag of the producers, p99", `${max(reports, ({ lagP99Ms }) => lagP99Ms).toFixed(2)} ms`],
    ["event-loop lag of the producers, maximum", `${max(reports, ({ lagMaxMs }) => lagMaxMs).toFixed(2)} ms`],
    ["CPU per record: creation and transfer", `${(producerCpu / produced).toFixed(1)} µs`],
    ["CPU per record: ledger worker, pricing and writing", `${(ledgerCpu / produced).toFixed(1)} µs`],
  ];
  console.log(markdownTable([[`${threads} threads, ${seconds} s`, "measured"], ...rows]));
  if (!found.ok || found.records !== produced) process.exitCode = 1;
}

async function openLedger(path: string): Promise<LedgerWorkerHandle> {
  const read = readSettings(JSON.stringify({ stats: { output_path: path } }), { file: "bench", env: {}, flags: [] });
  if ("issues" in read) throw new Error(JSON.stringify(read.issues));
  const silent = { info: () => undefined, warn: console.warn, error: console.error };
  const ledgerWorker = new LedgerWorkerHandle({
    prestarted: undefined,
    threadUsage: () => undefined,
    settings: read.settings,
    overrides: NO_OVERRIDES,
    instance: "bench",
    log: silent,
    onStatus: () => undefined,
    onCosts: () => undefined,
    onRecorded: () => undefined,
    onMoved: () => undefined,
    onReplaced: () => undefined,
  });
  await ledgerWorker.opened;
  return ledgerWorker;
}

async function produce(ledgerWorker: LedgerWorkerHandle, thread: string): Promise<ProducerReport> {
  const { port, counts } = ledgerWorker.link(thread, TransferCounters.allocate());
  const init: ProducerInit = { thread, port, counts, perSecond: rate / threads, seconds };
  const worker = new Worker(new URL("./ledger-producer.ts", import.meta.url), {
    workerData: init,
    transferList: [port],
  });
  const exited = once(worker, "exit");
  const [report] = (await once(worker, "message")) as [ProducerReport]; // as: the producer posts one message
  await exited;
  return report;
}

function verify(path: string): ReturnType<typeof audit> {
  const closed = readdirSync(directory).filter((name) => /^stats-.*\.jsonl$/.test(name));
  const files = [...closed.toSorted().map((name) => join(directory, name)), path].filter(
    (file) => statSync(file).size > 0,
  );
  const events = join(directory, "ledger-events.jsonl");
  return audit({ files, last: undefined, events, complete: true, live: false, onRead: () => undefined });
}

function sum<Item>(items: readonly Item[], pick: (item: Item) => number): number {
  return items.reduce((total, item) => total + pick(item), 0);
}

function max<Item>(items: readonly Item[], pick: (item: Item) => number): number {
  return Math.max(...items.map(pick));
}
