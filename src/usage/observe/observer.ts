import type { Outcome } from "../../core/request/outcome.ts";
import type { UsageReading } from "../../core/usage/usage.ts";
import { clamped } from "./clamp.ts";
import { type Decoding, openDecoding } from "../decode/decoder.ts";
import { type PartialUsage, type HeaderLookup, EMPTY_PARTIAL } from "../dialects/dialect.ts";
import { endpointOf } from "../endpoints/endpoint-table.ts";
import type { Endpoint } from "../endpoints/endpoint.ts";
import { AwsEventStreamReader } from "../framing/aws-event-stream.ts";
import { estimated } from "../estimate/estimate.ts";
import type { FrameReader } from "../framing/frame-reader.ts";
import { openFraming } from "../framing/framing.ts";
import { declaredFraming, type DetectedFraming, bodyStart, detectFraming } from "../framing/detect-framing.ts";
import type { DecodeFailure } from "../decode/zlib-decoder.ts";
import { modelInQuery, namesInPath, resourceInPath } from "../endpoints/path-names.ts";
import { NO_PARAMETERS, type RequestParameters, type RequestBodyFormat, RequestReader } from "./request-reader.ts";
import { modelName } from "../dialects/safe-names.ts";
import { DecoderPool } from "../decode/decoder-pool.ts";
import { SseReader } from "../framing/sse.ts";
import { ReadingBuilder } from "./reading-builder.ts";
import type { TextMembers } from "../dialects/text-members.ts";
import { TextCounter } from "../estimate/text-counter.ts";
import { endingOf } from "./ending.ts";
import { unreadable } from "./unreadable.ts";
import { type UnreadReason, readingStateOf } from "./reading-state.ts";

export interface ObservedRequest {
  readonly method: string;
  /** The path after the provider's prefix, without the query, as sent. */
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  readonly exclusiveReasoning: boolean;
  readonly upgrade: boolean;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  /** Count text, for estimates if no usage arrives. */
  readonly estimate?: boolean | undefined;
}

export interface ObservedResponse {
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
  #response: ObservedResponse | undefined;
  #decoding: Decoding | undefined;
  #head: PartialUsage = EMPTY_PARTIAL;
  #declared: DetectedFraming | undefined;
  #frames: FrameReader | undefined;
  #builder: ReadingBuilder | undefined;
  #unreadReason: UnreadReason | undefined;
  #requestComplete = false;
  #textCounter: TextCounter | undefined;

  constructor(request: ObservedRequest, now: () => number, decoders = new DecoderPool()) {
    this.#request = request;
    this.#now = now;
    this.#decoders = decoders;
    this.#endpoint = endpointOf(request.method, request.path, request.upgrade);
  }

  /** True if the response is of a kind that reports usage. */
  get expectsUsage(): boolean {
    return this.#endpoint.usage === "expected";
  }

  /** Takes a chunk of the request body without its framing, still content-encoded. */
  requestBytes(bytes: Buffer): void {
    if (this.#request.upgrade) return;
    this.#requestReader ??= new RequestReader(this.#bodyFormat(), this.#decoders);
    this.#requestReader.push(bytes);
  }

  #bodyFormat(): RequestBodyFormat {
    const { contentType, contentEncoding } = this.#request;
    return { contentType, contentEncoding, text: this.#text?.request };
  }

  /** The whole request was sent to the provider. */
  requestSent(): void {
    this.#requestComplete = true;
  }

  responseHead(response: ObservedResponse): void {
    this.#response = response;
    const isError = response.status >= 400;
    const { framing, readHead } = this.#endpoint.reader;
    this.#declared = framing !== undefined && !isError ? framing : declaredFraming(response.contentType);
    // An error declared as text may well be a JSON object.
    if (isError && this.#declared === "opaque") this.#declared = undefined;
    this.#head = readHead?.(response.header, isError) ?? EMPTY_PARTIAL;
  }

  /** Takes a chunk of the response body without its framing, still content-encoded. */
  responseBytes(bytes: Buffer): void {
    if (this.#unreadReason !== undefined || this.#response === undefined || this.#response.status === 101) return;
    this.#decoding ??= openDecoding(this.#response.contentEncoding, this.#decoders, (decoded) =>
      this.#readDecoded(decoded),
    );
    const failure = this.#decoding === undefined ? "encoding" : this.#decoding.write(bytes);
    if (failure !== undefined && failure !== "stopped") this.#unreadReason = failure;
    if (failure !== undefined) this.#decoding?.close();
  }

  /** The reading of an exchange that this observer failed on. */
  get unreadable(): UsageReading {
    return unreadable(this.#endpoint.dialect, this.#endpoint.operation);
  }

  /** The reading so far, for a record that the ledger writes if the process ends before the exchange. */
  snapshot(): UsageReading {
    const parameters = this.#requestReader?.parameters ?? NO_PARAMETERS;
    return {
      ...unreadable(this.#endpoint.dialect, this.#request.upgrade ? "session" : this.#endpoint.operation),
      stream: this.#isStream(this.#frames?.isStream ?? false, parameters),
      ...this.#names(parameters),
      ...(this.#endpoint.usage === "none" && !this.#request.upgrade ? NOT_APPLICABLE : INTERRUPTED),
    };
  }

  finish(outcome: Outcome): UsageReading {
    const ending = endingOf(outcome);
    const stream = this.#frames?.isStream ?? false;
    const invalid = this.#frames?.end() === "invalid";
    this.#decoding?.close();
    const parameters = this.#requestReader?.end() ?? NO_PARAMETERS;
    const partial = this.#builder?.partial ?? this.#head;
    const dialect = partial.dialect ?? this.#endpoint.reader;
    const complete = !invalid && this.#unreadReason === undefined && (ending === "complete" || ending === "drained");
    const stated = dialect.toUsage(partial, { exclusiveReasoning: this.#request.exclusiveReasoning, stream, complete });
    const { usage, inconsistent } = stated === undefined ? { usage: undefined, inconsistent: false } : clamped(stated);

    const state = readingStateOf({
      ending,
      endpoint: this.#endpoint,
      partial,
      usage,
      inconsistent,
      status: this.#response?.status,
      hasBody: this.#response?.hasBody ?? false,
      stream,
      unreadReason: this.#unreadReason,
      invalid,
      hasInvalidDocument: this.#builder?.hasInvalid ?? false,
      lacksEnd: hasEnd(this.#frames) && !partial.ended,
      usageRequested: parameters.includeUsage,
    });
    return {
      dialect: partial.dialect?.name ?? this.#endpoint.dialect,
      operation: this.#endpoint.operation,
      stream: this.#isStream(stream, parameters),
      ...this.#names(parameters),
      responseModel: partial.model,
      responseId: partial.id ?? (this.#request.method === "GET" ? resourceInPath(this.#request.path) : undefined),
      usage,
      ...state,
      ...estimated(state, usage, {
        input: () => (this.#requestComplete ? parameters.textTokens() : undefined),
        output: () =>
          this.#unreadReason === undefined ? (this.#textCounter ?? this.#builder?.textCounter)?.tokens : undefined,
      }),
      errorType: partial.errorType,
      firstContentAt: stream ? this.#builder?.firstContentAt : undefined,
    };
  }

  #readDecoded(bytes: Buffer): DecodeFailure | undefined {
    if (this.#frames === undefined) {
      const start = bodyStart(bytes, 0, bytes.length);
      if (start === bytes.length) return undefined;
      const framing = detectFraming(bytes[start] ?? 0, this.#declared);
      if (framing === "opaque") {
        this.#unreadReason = "opaque";
        return "stopped";
      }
      this.#builder = new ReadingBuilder(
        this.#endpoint.reader,
        (this.#response?.status ?? 0) >= 400,
        this.#now,
        this.#head,
      );
      this.#frames = openFraming(framing, this.#endpoint.reader.shape, this.#builder);
      // The text of an AWS event stream is counted after decoding; other bodies contain it directly.
      const isEncoded = this.#frames instanceof AwsEventStreamReader;
      if (isEncoded) this.#builder.textCounter = this.#openTextCounter(true);
      this.#frames.push(bytes, start, bytes.length);
      this.#textCounter = isEncoded ? undefined : this.#openTextCounter(this.#frames.isStream);
    } else {
      this.#frames.push(bytes, 0, bytes.length);
    }
    this.#textCounter?.push(bytes, 0, bytes.length);
    return undefined;
  }

  get #text(): TextMembers | undefined {
    return this.#request.estimate === true ? this.#endpoint.reader.text : undefined;
  }

  #openTextCounter(stream: boolean): TextCounter | undefined {
    const isError = (this.#response?.status ?? 0) >= 400;
    const text = isError ? undefined : this.#text;
    const members = stream ? text?.stream : text?.body;
    return members === undefined ? undefined : new TextCounter(members);
  }

  #names(parameters: RequestParameters): Pick<UsageReading, "requestModel" | "deployment"> {
    const { path, query } = this.#request;
    const inPath = namesInPath(path);
    return {
      requestModel: modelName(parameters.model) ?? inPath.model ?? modelInQuery(query),
      deployment: inPath.deployment,
    };
  }

  #isStream(sawStream: boolean, parameters: RequestParameters): boolean | undefined {
    const hasResponse = this.#frames !== undefined && (this.#response?.status ?? 0) < 400;
    if (sawStream || hasResponse) return sawStream;
    return parameters.stream ?? (/:stream\w+$/.test(this.#request.path) ? true : undefined);
  }
}

const INTERRUPTED = { state: "aborted", reason: "interrupted" } as const;
const NOT_APPLICABLE = { state: "not_applicable", reason: undefined } as const;

/** Every dialect that LMGate reads marks the end of a stream in these framings. */
function hasEnd(frames: FrameReader | undefined): boolean {
  return frames instanceof SseReader || frames instanceof AwsEventStreamReader;
}
