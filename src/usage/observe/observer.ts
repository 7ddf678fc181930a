import type { Outcome } from "../../core/request/outcome.ts";
import type { UsageReading } from "../../core/usage/usage.ts";
import { clamped } from "./clamp.ts";
import { type Decoding, openDecoding } from "../decode/decoding.ts";
import { type PartialUsage, type HeaderLookup, NOTHING } from "../dialects/dialect.ts";
import { endpointOf } from "../dialects/table.ts";
import type { Endpoint } from "../dialects/endpoint.ts";
import { AwsEventStreamReader } from "../framing/aws-event-stream.ts";
import { estimated } from "../estimate/estimate.ts";
import type { FrameReader } from "../framing/frame-reader.ts";
import { openFraming } from "../framing/framing.ts";
import { framingOf, type DetectedFraming, leadEnd, autoDetectFraming } from "../framing/detect-framing.ts";
import type { DecodeFault } from "../decode/zlib-decoder.ts";
import { modelInQuery, namesInPath, resourceInPath } from "../dialects/path-names.ts";
import { NO_FACTS, type RequestFacts, type RequestForm, RequestReader } from "./request-reader.ts";
import { modelName } from "./safe-names.ts";
import { DecoderPool } from "../decode/decoder-pool.ts";
import { SseReader } from "../framing/sse.ts";
import { ReadingBuilder } from "./reading-builder.ts";
import { type TextMembers, textMembersOf } from "../estimate/text-members.ts";
import { TextCounter } from "../estimate/text-counter.ts";
import { endingOf } from "./ending.ts";
import { unreadable } from "./unreadable.ts";
import { type Blindness, judge } from "./usage-state.ts";

export interface ObservedRequest {
  readonly method: string;
  /** The left path: provider prefix and query removed, as sent. */
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  readonly exclusiveReasoning: boolean;
  readonly upgrade: boolean;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  /** Measure text, for estimates where no usage comes. */
  readonly estimate?: boolean | undefined;
}

export interface ResponseFacts {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly hasBody: boolean;
  readonly header: HeaderLookup;
}

/**
 * Reads from a copy of one exchange what the request used. It changes no buffer, and its memory is bounded whatever the
 * bytes are. What it cannot read becomes the reason in its reading. The proxy guards it against its own errors.
 */
export class RequestObserver {
  readonly #request: ObservedRequest;
  readonly #now: () => number;
  readonly #decoders: DecoderPool;
  readonly #endpoint: Endpoint;
  #requestReader: RequestReader | undefined;
  #response: ResponseFacts | undefined;
  #decoding: Decoding | undefined;
  #head: PartialUsage = NOTHING;
  #declared: DetectedFraming | undefined;
  #frames: FrameReader | undefined;
  #tally: ReadingBuilder | undefined;
  #blindness: Blindness | undefined;
  #requestWhole = false;
  #meter: TextCounter | undefined;

  constructor(request: ObservedRequest, now: () => number, decoders = new DecoderPool()) {
    this.#request = request;
    this.#now = now;
    this.#decoders = decoders;
    this.#endpoint = endpointOf(request.method, request.path, request.upgrade);
  }

  /** Whether the answer is one that says what it used. */
  get countable(): boolean {
    return this.#endpoint.usage === "expected";
  }

  /** A piece of the request body: without its framing, still content-encoded. */
  requestBytes(bytes: Buffer): void {
    if (this.#request.upgrade) return;
    this.#requestReader ??= new RequestReader(this.#requestForm(), this.#decoders);
    this.#requestReader.push(bytes);
  }

  #requestForm(): RequestForm {
    const { contentType, contentEncoding } = this.#request;
    return { contentType, contentEncoding, text: this.#text?.sent };
  }

  /** The whole request is on its way to the provider. */
  requestSent(): void {
    this.#requestWhole = true;
  }

  responseHead(facts: ResponseFacts): void {
    this.#response = facts;
    const isError = facts.status >= 400;
    const { framing, readHead } = this.#endpoint.reader;
    this.#declared = framing !== undefined && !isError ? framing : framingOf(facts.contentType);
    // An error that says it is text may well be a JSON object; one that says it is audio is none.
    if (isError && this.#declared === "opaque") this.#declared = undefined;
    this.#head = readHead?.(facts.header, isError) ?? NOTHING;
  }

  /** A piece of the response body: without its framing, still content-encoded. */
  responseBytes(bytes: Buffer): void {
    if (this.#blindness !== undefined || this.#response === undefined || this.#response.status === 101) return;
    this.#decoding ??= openDecoding(this.#response.contentEncoding, this.#decoders, (decoded) => this.#cut(decoded));
    const fault = this.#decoding === undefined ? "encoding" : this.#decoding.write(bytes);
    if (fault !== undefined && fault !== "stopped") this.#blindness = fault;
    if (fault !== undefined) this.#decoding?.close();
  }

  /** The reading of an exchange that this observer failed on. */
  get unreadable(): UsageReading {
    return unreadable(this.#endpoint.dialect, this.#endpoint.operation);
  }

  /** What is known while the exchange is running, for a record that the ledger writes if the process ends first. */
  snapshot(): UsageReading {
    const asked = this.#requestReader?.facts ?? NO_FACTS;
    return {
      ...unreadable(this.#endpoint.dialect, this.#request.upgrade ? "session" : this.#endpoint.operation),
      stream: this.#isStream(this.#frames?.isStream ?? false, asked),
      ...this.#names(asked),
      ...(this.#endpoint.usage === "none" && !this.#request.upgrade ? NOT_APPLICABLE : INTERRUPTED),
    };
  }

  finish(outcome: Outcome): UsageReading {
    const ending = endingOf(outcome);
    const stream = this.#frames?.isStream ?? false;
    const torn = this.#frames?.end() === "torn";
    this.#decoding?.close();
    const asked = this.#requestReader?.end() ?? NO_FACTS;
    const findings = this.#tally?.findings ?? this.#head;
    const dialect = findings.dialect ?? this.#endpoint.reader;
    const whole = !torn && this.#blindness === undefined && (ending === "complete" || ending === "drained");
    const settled = dialect.settle(findings, { exclusiveReasoning: this.#request.exclusiveReasoning, stream, whole });
    const { usage, inconsistent } =
      settled === undefined ? { usage: undefined, inconsistent: false } : clamped(settled);

    const verdict = judge({
      ending,
      endpoint: this.#endpoint,
      findings,
      usage,
      inconsistent,
      status: this.#response?.status,
      hasBody: this.#response?.hasBody ?? false,
      stream,
      blindness: this.#blindness,
      torn,
      ragged: this.#tally?.hasTorn ?? false,
      unended: hasEnd(this.#frames) && !findings.ended,
      usageRequested: asked.includeUsage,
    });
    return {
      dialect: findings.dialect?.name ?? this.#endpoint.dialect,
      operation: this.#endpoint.operation,
      stream: this.#isStream(stream, asked),
      ...this.#names(asked),
      responseModel: findings.model,
      responseId: findings.id ?? (this.#request.method === "GET" ? resourceInPath(this.#request.path) : undefined),
      usage,
      ...verdict,
      ...estimated(verdict, usage, {
        input: () => (this.#requestWhole ? asked.textTokens() : undefined),
        output: () => (this.#blindness === undefined ? (this.#meter ?? this.#tally?.meter)?.tokens : undefined),
      }),
      errorType: findings.errorType,
      firstContentAt: stream ? this.#tally?.firstContentAt : undefined,
    };
  }

  #cut(bytes: Buffer): DecodeFault | undefined {
    if (this.#frames === undefined) {
      const start = leadEnd(bytes, 0, bytes.length);
      if (start === bytes.length) return undefined;
      const framing = autoDetectFraming(bytes[start] ?? 0, this.#declared);
      if (framing === "opaque") {
        this.#blindness = "opaque";
        return "stopped";
      }
      this.#tally = new ReadingBuilder(
        this.#endpoint.reader,
        (this.#response?.status ?? 0) >= 400,
        this.#now,
        this.#head,
      );
      this.#frames = openFraming(framing, this.#endpoint.reader.shape, this.#tally);
      // What an event stream holds is measured as it is opened; of others it stands in the body.
      const isOpened = this.#frames instanceof AwsEventStreamReader;
      if (isOpened) this.#tally.meter = this.#textMeter(true);
      this.#frames.push(bytes, start, bytes.length);
      this.#meter = isOpened ? undefined : this.#textMeter(this.#frames.isStream);
    } else {
      this.#frames.push(bytes, 0, bytes.length);
    }
    this.#meter?.push(bytes, 0, bytes.length);
    return undefined;
  }

  get #text(): TextMembers | undefined {
    return this.#request.estimate === true ? textMembersOf(this.#endpoint.dialect) : undefined;
  }

  #textMeter(stream: boolean): TextCounter | undefined {
    const isError = (this.#response?.status ?? 0) >= 400;
    const text = isError ? undefined : this.#text;
    const members = stream ? text?.streamed : text?.plain;
    return members === undefined ? undefined : new TextCounter(members);
  }

  #names(asked: RequestFacts): Pick<UsageReading, "requestModel" | "deployment"> {
    const { path, query } = this.#request;
    const inPath = namesInPath(path);
    return {
      requestModel: modelName(asked.model) ?? inPath.model ?? modelInQuery(query),
      deployment: inPath.deployment,
    };
  }

  #isStream(seen: boolean, asked: RequestFacts): boolean | undefined {
    const answered = this.#frames !== undefined && (this.#response?.status ?? 0) < 400;
    if (seen || answered) return seen;
    return asked.stream ?? (/:stream\w+$/.test(this.#request.path) ? true : undefined);
  }
}

const INTERRUPTED = { state: "aborted", reason: "interrupted" } as const;
const NOT_APPLICABLE = { state: "not_applicable", reason: undefined } as const;

/** The framings of which every dialect that we read says when it is over. */
function hasEnd(frames: FrameReader | undefined): boolean {
  return frames instanceof SseReader || frames instanceof AwsEventStreamReader;
}
