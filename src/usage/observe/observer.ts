import type { Outcome } from "../../core/request/outcome.ts";
import type { UsageReading } from "../../core/usage/usage.ts";
import { type Decoding, openDecoding } from "../decode/decoder.ts";
import { type PartialUsage, type HeaderLookup, EMPTY_PARTIAL } from "../dialects/dialect.ts";
import { endpointOf } from "../endpoints/endpoint-table.ts";
import type { Endpoint } from "../endpoints/endpoint.ts";
import { AwsEventStreamReader } from "../framing/aws-event-stream.ts";
import type { FrameReader } from "../framing/frame-reader.ts";
import { type Framing, openFraming } from "../framing/framing.ts";
import { declaredFraming, type DetectedFraming, bodyStart, detectFraming } from "../framing/detect-framing.ts";
import type { DecodeFailure } from "../decode/zlib-decoder.ts";
import { JsonExtractor } from "../json/json-extractor.ts";
import { NO_PARAMETERS, REQUEST_SHAPE, type RequestBodyFormat, RequestReader } from "./request-reader.ts";
import { DecoderPool } from "../decode/decoder-pool.ts";
import { SseReader } from "../framing/sse.ts";
import { ReadingBuilder } from "./reading-builder.ts";
import type { TextMembers } from "../dialects/text-members.ts";
import { TextCounter } from "../estimate/text-counter.ts";
import { endingOf } from "./ending.ts";
import { unreadable } from "./unreadable.ts";
import { conclude, type ReadRequest } from "./conclude.ts";
import type { BodyExtracts } from "./read-extracts.ts";
import type { UnfinishedExchange } from "./read-unfinished.ts";
import type { UnreadReason } from "./reading-state.ts";

export interface ObservedRequest extends ReadRequest {
  readonly upgrade: boolean;
  /** The length that the head declares for the body, before any decoding. */
  readonly bodyLength?: number | undefined;
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
  /** A copy of a small request body, which is read at the end. */
  #wholeRequest: Buffer | undefined;
  /** The members of that body, once they were read. */
  #requestMembers: string | undefined;
  #requestReader: RequestReader | undefined;
  #response: ObservedResponse | undefined;
  #decoding: Decoding | undefined;
  #head: PartialUsage = EMPTY_PARTIAL;
  #declared: DetectedFraming | undefined;
  #frames: FrameReader | undefined;
  #builder: ReadingBuilder | undefined;
  /** The wanted members of a response body that came in one piece. */
  #extract: string | undefined;
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
    const isFirst = this.#requestReader === undefined && this.#wholeRequest === undefined;
    if (isFirst && bytes.length === this.#request.bodyLength && bytes.length <= MAX_KEPT) {
      // A copy: the bytes belong to the socket. Reading waits for the end, because objects that live as long as the
      // provider takes cost more than the reading itself.
      this.#wholeRequest = Buffer.from(bytes);
      return;
    }
    this.#requestReader ??= new RequestReader(this.#bodyFormat(), this.#decoders);
    this.#requestReader.push(bytes);
  }

  /** The reader of the request's body, which has read what was kept. */
  #readRequest(): RequestReader | undefined {
    const whole = this.#wholeRequest;
    this.#wholeRequest = undefined;
    if (whole === undefined) return this.#requestReader;
    this.#requestReader = new RequestReader(this.#bodyFormat(), this.#decoders);
    this.#requestReader.push(whole);
    return this.#requestReader;
  }

  /** The members of the request as far as it has passed. */
  #requestExtract(): string {
    const whole = this.#wholeRequest;
    const { contentType = "", contentEncoding } = this.#request;
    if (whole !== undefined && contentEncoding === undefined && !/^\s*multipart\//i.test(contentType)) {
      this.#requestMembers ??= EXTRACTOR.extract(whole, 0, whole.length, REQUEST_SHAPE);
      if (this.#requestMembers !== undefined) return this.#requestMembers;
    }
    const reader = this.#readRequest();
    if (reader === undefined) return "";
    const { model, stream, includeUsage, background } = reader.parameters;
    return JSON.stringify({ model, stream, stream_options: { include_usage: includeUsage }, background });
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

  /** What is known so far, for a record that the ledger writes if the process ends before the exchange. */
  unfinished(): UnfinishedExchange {
    return {
      request: this.#requestExtract(),
      upgrade: this.#request.upgrade,
      sawStream: this.#frames?.isStream ?? false,
      hasResponse: this.#hasResponse,
      failed: false,
    };
  }

  finish(outcome: Outcome): UsageReading {
    this.#readExtract();
    const stream = this.#frames?.isStream ?? false;
    const invalid = this.#frames?.end() === "invalid";
    this.#decoding?.close();
    const parameters = this.#readRequest()?.end() ?? NO_PARAMETERS;
    const partial = this.#builder?.partial ?? this.#head;
    return conclude({
      request: this.#request,
      endpoint: this.#endpoint,
      parameters,
      ending: endingOf(outcome),
      status: this.#response?.status,
      hasBody: this.#response?.hasBody ?? false,
      partial,
      stream,
      hasDocuments: this.#frames !== undefined,
      unreadReason: this.#unreadReason,
      invalid,
      hasInvalidDocument: this.#builder?.hasInvalid ?? false,
      lacksEnd: hasEnd(this.#frames) && !partial.ended,
      firstContentAt: this.#builder?.firstContentAt,
      inputText: () => (this.#requestComplete ? parameters.textTokens() : undefined),
      outputText: () =>
        this.#unreadReason === undefined ? (this.#textCounter ?? this.#builder?.textCounter)?.tokens : undefined,
    });
  }

  /**
   * Ends the exchange like `finish`, if what it has kept of both bodies is all that the reading needs. `undefined`: call
   * `finish`.
   */
  takeExtracts(outcome: Outcome): BodyExtracts | undefined {
    const response = this.#extract;
    if (response === undefined || outcome.kind !== "complete" || this.#unreadReason !== undefined) return undefined;
    // The record of a response that is fetched again depends on its usage.
    if (this.#endpoint.usage === "replay") return undefined;
    const request = this.#requestExtract();
    this.#decoding?.close();
    return { request, response };
  }

  #readDecoded(bytes: Buffer): DecodeFailure | undefined {
    // What follows a complete document is not read.
    if (this.#extract !== undefined) return undefined;
    if (this.#frames === undefined) {
      const start = bodyStart(bytes, 0, bytes.length);
      if (start === bytes.length) return undefined;
      const framing = detectFraming(bytes[start] ?? 0, this.#declared);
      if (framing === "opaque") {
        this.#unreadReason = "opaque";
        return "stopped";
      }
      if (framing === "json" && this.#keepExtract(bytes, start)) return undefined;
      const frames = this.#openFrames(framing);
      // The text of an AWS event stream is counted after decoding; other bodies contain it directly.
      const isEncoded = frames instanceof AwsEventStreamReader;
      if (isEncoded && this.#builder !== undefined) this.#builder.textCounter = this.#openTextCounter(true);
      frames.push(bytes, start, bytes.length);
      this.#textCounter = isEncoded ? undefined : this.#openTextCounter(frames.isStream);
    } else {
      this.#frames.push(bytes, 0, bytes.length);
    }
    this.#textCounter?.push(bytes, 0, bytes.length);
    return undefined;
  }

  #openFrames(framing: Framing): FrameReader {
    const { reader } = this.#endpoint;
    this.#builder = new ReadingBuilder(reader, (this.#response?.status ?? 0) >= 400, this.#now, this.#head);
    this.#frames = openFraming(framing, reader.shape, this.#builder);
    return this.#frames;
  }

  /** Keeps only the members that the reading needs, if the bytes hold the whole document and state its usage. */
  #keepExtract(bytes: Buffer, start: number): boolean {
    // Counters in the response head are not part of the extract.
    if (this.#endpoint.reader.readHead !== undefined) return false;
    const extract = EXTRACTOR.extract(bytes, start, bytes.length, this.#endpoint.reader.shape);
    // Where the usage is missing, the text of the response is counted.
    if (extract === undefined || (this.#text !== undefined && !STATES_USAGE.test(extract))) return false;
    this.#extract = extract;
    return true;
  }

  #readExtract(): void {
    if (this.#extract === undefined) return;
    const bytes = Buffer.from(this.#extract);
    this.#openFrames("json").push(bytes, 0, bytes.length);
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

  get #hasResponse(): boolean {
    const isRead = this.#frames !== undefined || this.#extract !== undefined;
    return isRead && (this.#response?.status ?? 0) < 400;
  }
}

const EXTRACTOR = new JsonExtractor();
/** A larger request body is read as it passes, so that many of them do not fill the memory. */
const MAX_KEPT = 16 * 1024;
/** A counter of any dialect, such as `"prompt_tokens":12`. */
const STATES_USAGE = /"[^"]*(?:[Tt]oken|[Cc]ount|seconds|pages|units|cost)[^"]*"\s*:\s*"?[0-9]/;

/** Every dialect that LMGate reads marks the end of a stream in these framings. */
function hasEnd(frames: FrameReader | undefined): boolean {
  return frames instanceof SseReader || frames instanceof AwsEventStreamReader;
}
