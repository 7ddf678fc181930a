// A thread that creates records at a steady rate, as a data worker does, and measures the lag of its event loop.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parentPort, workerData, type MessagePort } from "node:worker_threads";
import type { RequestRecord } from "../src/core/request/request-record.ts";
import { RecordIds } from "../src/proxy/recording/record-ids.ts";
import { toRecordMessage } from "../src/workers/protocol/record-message.ts";
import type { LedgerLink } from "../src/workers/protocol/messages.ts";
import { RecordSender } from "../src/workers/data/record-sender.ts";

export interface ProducerInit {
  readonly thread: string;
  readonly port: MessagePort;
  readonly counts: SharedArrayBuffer;
  readonly perSecond: number;
  readonly seconds: number;
}

export interface ProducerReport {
  readonly produced: number;
  readonly dropped: number;
  readonly lagP50Ms: number;
  readonly lagP99Ms: number;
  readonly lagMaxMs: number;
  readonly cpuMicroseconds: number;
}

const PACE_MS = 2;
const LAG_RESOLUTION_MS = 5;

const init = workerData as ProducerInit; // as: bench/ledger.ts passes it
const link: LedgerLink = { thread: init.thread, port: init.port, counts: init.counts };
const sender = new RecordSender(link, () => undefined);
const ids = new RecordIds(() => Date.now());
const lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });

function record(): RequestRecord {
  return {
    timestamp: new Date().toISOString(),
    lmgate_id: "k-bench",
    provider: "openai",
    endpoint: "/openai/v1/chat/completions",
    model: "gpt-4o-2024-08-06",
    status: 200,
    input_tokens: 120,
    output_tokens: 310,
    masked_key: "abcdef",
    error_type: null,
    id: ids.next(),
    schema: 1,
    owner: "bench",
    method: "POST",
    operation: "chat",
    stream: true,
    duration_ms: 1832.4,
    ttfb_ms: 210.6,
    ttft_ms: 231.2,
    request_bytes: 1204,
    response_bytes: 48_211,
    total_input_tokens: 120,
    total_output_tokens: 310,
    total_tokens: 430,
    cached_input_tokens: 64,
    usage_raw: { prompt_tokens: 120, completion_tokens: 310, total_tokens: 430 },
    usage_source: "stream",
    usage_state: "final",
    response_id: "chatcmpl-BenchBenchBenchBench",
    user_agent: "OpenAI/Python 2.0.0",
    client_ip: "10.0.0.7",
  };
}

const startedAt = performance.now();
let produced = 0;
const cpuBefore = process.threadCpuUsage();
lag.enable();
const timer = setInterval(() => {
  const due = Math.min(init.seconds * init.perSecond, ((performance.now() - startedAt) / 1000) * init.perSecond);
  for (; produced < due; produced++) sender.add(toRecordMessage(record()), false);
  if (produced < init.seconds * init.perSecond) return;
  clearInterval(timer);
  sender.end();
  const cpu = process.threadCpuUsage(cpuBefore);
  const milliseconds = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - LAG_RESOLUTION_MS);
  const report: ProducerReport = {
    produced,
    dropped: sender.dropped,
    lagP50Ms: milliseconds(lag.percentile(50)),
    lagP99Ms: milliseconds(lag.percentile(99)),
    lagMaxMs: milliseconds(lag.max),
    cpuMicroseconds: cpu.user + cpu.system,
  };
  lag.disable();
  parentPort?.postMessage(report);
}, PACE_MS);
