// What the ledger sustains: threads that make records at a steady rate, the real hand-over, the real ledger thread, a real
// file. Prints the rate, what was dropped, how late the makers' event loops got, and the CPU time of a record.
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
  const host = await openLedger(path);
  const cpuBefore = process.cpuUsage();
  const ownBefore = process.threadCpuUsage();
  const started = performance.now();
  const reports = await Promise.all(Array.from({ length: threads }, (_, at) => produce(host, `data-${at + 1}`)));
  await host.close();
  const elapsedSeconds = (performance.now() - started) / 1000;
  const all = process.cpuUsage(cpuBefore);
  const own = process.threadCpuUsage(ownBefore);
  const made = sum(reports, ({ made: count }) => count);
  const making = sum(reports, ({ cpuMicroseconds }) => cpuMicroseconds);
  const ledger = all.user + all.system - own.user - own.system - making;
  const found = verify(path);
  const status = host.status();
  const rows: readonly (readonly [string, string])[] = [
    ["records made", made.toLocaleString("en-US")],
    ["asked for, records/s", rate.toLocaleString("en-US")],
    ["sustained, records/s, until all were in the file", Math.round(made / elapsedSeconds).toLocaleString("en-US")],
    ["dropped", String(status.dropped + sum(reports, ({ dropped }) => dropped))],
    ["in the files, each once", found.ok && found.records === made ? "yes" : `no: ${found.records}`],
    ["bytes of a record", (found.bytes / found.records).toFixed(0)],
    ["files", String(found.files)],
    ["event loop of the makers late, p50", `${max(reports, ({ lagP50Ms }) => lagP50Ms).toFixed(2)} ms`],
    ["event loop of the makers late, p99", `${max(reports, ({ lagP99Ms }) => lagP99Ms).toFixed(2)} ms`],
    ["event loop of the makers late, worst", `${max(reports, ({ lagMaxMs }) => lagMaxMs).toFixed(2)} ms`],
    ["CPU of a record: making and handing over", `${(making / made).toFixed(1)} µs`],
    ["CPU of a record: ledger thread, pricing and writing", `${(ledger / made).toFixed(1)} µs`],
  ];
  console.log(markdownTable([[`${threads} threads, ${seconds} s`, "measured"], ...rows]));
  if (!found.ok || found.records !== made) process.exitCode = 1;
}

async function openLedger(path: string): Promise<LedgerWorkerHandle> {
  const read = readSettings(JSON.stringify({ stats: { output_path: path } }), { file: "bench", env: {}, flags: [] });
  if ("issues" in read) throw new Error(JSON.stringify(read.issues));
  const silent = { info: () => undefined, warn: console.warn, error: console.error };
  const host = new LedgerWorkerHandle({
    prestarted: undefined,
    settings: read.settings,
    overrides: NO_OVERRIDES,
    instance: "bench",
    log: silent,
    onStatus: () => undefined,
    onCosts: () => undefined,
    onReplaced: () => undefined,
  });
  await host.opened;
  return host;
}

async function produce(host: LedgerWorkerHandle, thread: string): Promise<ProducerReport> {
  const { port, counts } = host.link(thread, TransferCounters.allocate());
  const init: ProducerInit = { thread, port, counts, perSecond: rate / threads, seconds };
  const worker = new Worker(new URL("./ledger-producer.ts", import.meta.url), {
    workerData: init,
    transferList: [port],
  });
  const exited = once(worker, "exit");
  const [report] = (await once(worker, "message")) as [ProducerReport]; // the one message that it posts
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
