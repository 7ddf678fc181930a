// A long run with mixed load and failures, or with thousands of streams at once. It compares every byte and every record.
//
//   npm run soak -- [--seconds N] [--streams N] [--workers N|auto] [--share 0.4] [--out results.json]
//
// Clients, gateway and simulated providers are three processes on this machine. Speed is not judged. The exit code is 1 if
// a byte, a record or the number of open files is wrong.
import { writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";

import { RequestVerifier } from "./soak/request-verifier.ts";
import { Load } from "./soak/load.ts";
import { startSoakGateway, startUpstream } from "./soak/processes.ts";
import { RecordReader } from "./soak/record-reader.ts";
import { processOf, takeSample, type Sample } from "./soak/samples.ts";
import { streamsAllowed } from "./soak/open-files.ts";
import { FILES_TOLERANCE, reportOf, type Run } from "./soak/report.ts";

const LEDGER_MS = 500;
const DRAIN_MS = 30_000;

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
const requestedStreams = values.streams === undefined ? undefined : Number(values.streams);
for (const number of [seconds, Number(values.share), requestedStreams ?? 1, workers === "auto" ? 1 : workers]) {
  if (!(number > 0)) throw new RangeError("--seconds, --streams, --workers and --share take positive numbers");
}

// The exit handler ends the gateway too; a signal alone would not run it.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

const verifier = new RequestVerifier();
const upstream = await startUpstream((requests) => verifier.upstreamRequests(requests));
const gateway = await startSoakGateway(upstream.port, workers);
const records = await RecordReader.open(gateway.statsPath);
const load = new Load(gateway.port, verifier);
const samples: Sample[] = [];
const startedAt = performance.now();
const elapsed = (): number => (performance.now() - startedAt) / 1_000;

const before = processOf(gateway.pid);
const stopSampling = every(Math.max(1_000, Math.min(5_000, seconds)), async () => {
  samples.push(await takeSample(gateway, elapsed()));
});
const stopReading = every(LEDGER_MS, () => records.readNew((record) => verifier.record(record)));

const run = requestedStreams === undefined ? await mixed() : await streams(requestedStreams);
const last = await finish();
const { text, passed, json } = reportOf({ ...run, ...last, seconds, samples, verifier, before, late: load.late });
process.stdout.write(text);
if (values.out !== undefined) writeFileSync(values.out, `${JSON.stringify(json, undefined, 2)}\n`);
process.exitCode = passed ? 0 : 1;

async function mixed(): Promise<Run> {
  const maximum = await load.atFullSpeed(Math.min(10, Math.max(3, seconds / 10)), 48);
  const perSecond = maximum * Number(values.share);
  info(`full speed on this machine: ${maximum.toFixed(0)} requests/s; continuing at ${perSecond.toFixed(0)}`);
  const steadyFrom = elapsed();
  await load.atRate(perSecond, Math.max(1, seconds - elapsed()));
  return { kind: "mixed", maximum, perSecond, steadyFrom };
}

async function streams(requested: number): Promise<Run> {
  const allowed = streamsAllowed(gateway.pid, requested);
  if (allowed.reason !== undefined) info(`!!! ${allowed.reason}`);
  const rampSeconds = Math.max(1, Math.min(30, seconds / 4));
  // Each stream lasts for the whole run, so that the first is still open when the last one opens.
  const pace = { chunks: Math.max(2, Math.floor(seconds)), everyMs: 1_000 };
  let open = before;
  let openStreams = 0;
  await load.streams(allowed.streams, pace, rampSeconds, () => {
    open = processOf(gateway.pid);
    openStreams = load.receiving;
  });
  return { kind: "streams", requested, streams: allowed.streams, openStreams, open, reason: allowed.reason };
}

/** Waits until everything has ended, stops the gateway and takes the last measurements. */
async function finish() {
  const deadline = performance.now() + DRAIN_MS;
  while (verifier.openCount > 0 && performance.now() < deadline) await delay(100);
  load.close();
  // Waits until the gateway has closed the connections of closed clients and of the upstream.
  await upstream.stop();
  await until(deadline, () => processOf(gateway.pid).files <= before.files + FILES_TOLERANCE);
  // The data workers report their counters once a second.
  let after = await takeSample(gateway, elapsed());
  for (; after.activeRequests !== 0 && performance.now() < deadline; after = await takeSample(gateway, elapsed())) {
    await delay(500);
  }
  await stopSampling();
  gateway.child.kill("SIGTERM");
  const exitCode = await gateway.exited;
  await stopReading();
  await records.readNew((record) => verifier.record(record));
  await records.close();
  verifier.close();
  await gateway.remove();
  return { after, exitCode, output: gateway.output() };
}

async function until(deadline: number, holds: () => boolean): Promise<void> {
  while (!holds() && performance.now() < deadline) await delay(100);
}

/** Repeats the work, one run at a time; the returned function stops it and waits for the last run. */
function every(milliseconds: number, work: () => Promise<void>): () => Promise<void> {
  const stopped = new AbortController();
  const loop = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      await work();
      await delay(milliseconds, undefined, { signal: stopped.signal }).catch(() => undefined); // aborted by the stop function
    }
  };
  const running = loop();
  return () => {
    stopped.abort();
    return running;
  };
}

function info(line: string): void {
  process.stderr.write(`soak: ${line}\n`);
}
