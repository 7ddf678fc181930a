// A long run under mixed load and faults, or thousands of streams at once: every byte is compared, every record too.
//
//   npm run soak -- [--seconds N] [--streams N] [--workers N|auto] [--share 0.4] [--out results.json]
//
// Clients, gateway and simulated providers are three processes on this machine. Nothing is judged by its speed. Exit code 1
// when a byte, a record or an open file is not what it must be.
import { writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";

import { Books } from "./soak/expected-requests.ts";
import { Load } from "./soak/load.ts";
import { startSoakGateway, startUpstream } from "./soak/processes.ts";
import { RecordReader } from "./soak/record-reader.ts";
import { processOf, takeSample, type Sample } from "./soak/samples.ts";
import { streamsAllowed } from "./soak/open-files.ts";
import { FILES_SPARE, reportOf, type Run } from "./soak/report.ts";

const LEDGER_MS = 500;
const LAST_RECORDS_MS = 30_000;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "3600" },
    streams: { type: "string" },
    workers: { type: "string", default: "auto" },
    share: { type: "string", default: "0.4" },
    out: { type: "string" },
  },
});
const seconds = Number(values.seconds);
const workers = values.workers === "auto" ? "auto" : Number(values.workers);
const askedStreams = values.streams === undefined ? undefined : Number(values.streams);
for (const number of [seconds, Number(values.share), askedStreams ?? 1, workers === "auto" ? 1 : workers]) {
  if (!(number > 0)) throw new RangeError("--seconds, --streams, --workers and --share take positive numbers");
}

// Ended from outside it ends its gateway too, which an exit does and a signal alone does not.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

const books = new Books();
const upstream = await startUpstream((calls) => books.answered(calls));
const gateway = await startSoakGateway(upstream.port, workers);
const records = await RecordReader.open(gateway.statsPath);
const load = new Load(gateway.port, books);
const samples: Sample[] = [];
const startedAt = performance.now();
const elapsed = (): number => (performance.now() - startedAt) / 1_000;

const before = processOf(gateway.pid);
const stopSampling = every(Math.max(1_000, Math.min(5_000, seconds)), async () => {
  samples.push(await takeSample(gateway, elapsed()));
});
const stopReading = every(LEDGER_MS, () => records.readNew((record) => books.record(record)));

const run = askedStreams === undefined ? await mixed() : await streams(askedStreams);
const last = await finish();
const { text, passed, json } = reportOf({ ...run, ...last, seconds, samples, books, before, late: load.late });
process.stdout.write(text);
if (values.out !== undefined) writeFileSync(values.out, `${JSON.stringify(json, undefined, 2)}\n`);
process.exitCode = passed ? 0 : 1;

async function mixed(): Promise<Run> {
  const maximum = await load.atFullSpeed(Math.min(10, Math.max(3, seconds / 10)), 48);
  const perSecond = maximum * Number(values.share);
  say(`at full speed ${maximum.toFixed(0)} calls/s on this machine; going on with ${perSecond.toFixed(0)}`);
  const steadyFrom = elapsed();
  await load.atRate(perSecond, Math.max(1, seconds - elapsed()));
  return { kind: "mixed", maximum, perSecond, steadyFrom };
}

async function streams(asked: number): Promise<Run> {
  const allowed = streamsAllowed(gateway.pid, asked);
  if (allowed.why !== undefined) say(`!!! ${allowed.why}`);
  const rampSeconds = Math.max(1, Math.min(30, seconds / 4));
  // Each goes on for the whole time, so that the first is still there when the last has come.
  const pace = { pieces: Math.max(2, Math.floor(seconds)), everyMs: 1_000 };
  let open = before;
  let openStreams = 0;
  await load.streams(allowed.streams, pace, rampSeconds, () => {
    open = processOf(gateway.pid);
    openStreams = load.receiving;
  });
  return { kind: "streams", asked, streams: allowed.streams, openStreams, open, why: allowed.why };
}

/** Lets everything come to its end and looks at what is left. */
async function finish() {
  const deadline = performance.now() + LAST_RECORDS_MS;
  while (books.unsettled > 0 && performance.now() < deadline) await delay(100);
  load.close();
  // The connections of clients that are gone, and those kept to the upstream, are still to be let go.
  await upstream.stop();
  await until(deadline, () => processOf(gateway.pid).files <= before.files + FILES_SPARE);
  // Counters come from the data threads once a second.
  let after = await takeSample(gateway, elapsed());
  for (; after.callsInFlight !== 0 && performance.now() < deadline; after = await takeSample(gateway, elapsed())) {
    await delay(500);
  }
  await stopSampling();
  gateway.child.kill("SIGTERM");
  const exitCode = await gateway.exited;
  await stopReading();
  await records.readNew((record) => books.record(record));
  await records.close();
  books.close();
  await gateway.remove();
  return { after, exitCode, output: gateway.output() };
}

async function until(deadline: number, holds: () => boolean): Promise<void> {
  while (!holds() && performance.now() < deadline) await delay(100);
}

/** One at a time; the returned function waits for the last. */
function every(milliseconds: number, work: () => Promise<void>): () => Promise<void> {
  const stopped = new AbortController();
  const loop = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      await work();
      await delay(milliseconds, undefined, { signal: stopped.signal }).catch(() => undefined); // told to stop
    }
  };
  const running = loop();
  return () => {
    stopped.abort();
    return running;
  };
}

function say(line: string): void {
  process.stderr.write(`soak: ${line}\n`);
}
