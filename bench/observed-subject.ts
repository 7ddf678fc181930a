/** Shared by the benchmarks of usage reading: observers of an exchange of the corpus, and a timer. */
import zlib from "node:zlib";
import { observedRequest, observedResponse } from "../src/proxy/recording/observed-heads.ts";
import { RequestObserver, type ObservedRequest, type ObservedResponse } from "../src/usage/observe/observer.ts";
import { loadCorpus } from "../test/corpus/load.ts";
import type { Step } from "../test/corpus/exchange.ts";
import { admittedRequest, responseHeadOf } from "../test/corpus/observed.ts";

export const MB = 1e6;
const ACCOUNTING = { estimate: "heuristic", drainBytes: 0, drainMs: 0, drainConcurrent: 0 } as const;

/** An exchange of the corpus, prepared for repeated observation. */
export interface Subject {
  readonly step: Step;
  readonly request: ObservedRequest;
  readonly response: ObservedResponse;
}

export function subjectsOfCorpus(): (name: string) => Subject {
  const steps = new Map(loadCorpus().map(({ name, exchange }) => [name, exchange.steps[0]]));
  return (name) => {
    const step = steps.get(name);
    if (step === undefined) throw new Error(`no such exchange: ${name}`);
    const request = observedRequest(admittedRequest(step.request), false, ACCOUNTING);
    return { step, request, response: observedResponse(responseHeadOf(step.request.method, step.response)) };
  };
}

/** An observer that has read the request and the response head. */
export function observerAfterHead({ step, request, response }: Subject, contentEncoding?: string): RequestObserver {
  const observer = new RequestObserver(request, () => 1);
  observer.requestBytes(step.request.body);
  observer.requestSent();
  const { status, hasBody, header, contentType } = response;
  observer.responseHead({ status, hasBody, header, contentType, contentEncoding });
  return observer;
}

/** Observes a complete response; returns the usage state and its reason. */
export function observe(subject: Subject, pieces: Iterable<Buffer>, contentEncoding?: string): string {
  const observer = observerAfterHead(subject, contentEncoding);
  for (const piece of pieces) observer.responseBytes(piece);
  const { state, reason } = observer.finish({ kind: "complete" });
  return `${state} ${reason ?? ""}`.trim();
}

/** Microseconds per run of `work`: the best of five rounds of at least `ms`, because other load only adds time. */
export function timed(work: () => void, ms = 150): number {
  for (const warm = performance.now() + ms; performance.now() < warm;) work();
  let best = Infinity;
  for (let round = 0; round < 5; round++) {
    const start = performance.now();
    let times = 0;
    for (; performance.now() - start < ms; times++) work();
    best = Math.min(best, ((performance.now() - start) / times) * 1000);
  }
  return best;
}

export function slices(body: Buffer, size: number): readonly Buffer[] {
  return Array.from({ length: Math.ceil(body.length / size) }, (_, index) =>
    body.subarray(index * size, (index + 1) * size),
  );
}

export const ENCODERS: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  gzip: (body) => zlib.gzipSync(body),
  deflate: (body) => zlib.deflateSync(body),
  br: (body) => zlib.brotliCompressSync(body),
  zstd: (body) => zlib.zstdCompressSync(body),
};
