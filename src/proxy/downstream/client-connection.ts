import type { Socket } from "node:net";
import type { Rejection, SpokenProtocol } from "../../core/request/rejection.ts";
import { isFault, type WireFault } from "../../wire/fault.ts";
import { RequestHeadReader, type RequestHead } from "../../wire/request-head.ts";
import { encodeResponse, errorBody, gatewayError, type EncodedResponse } from "../admission/error-responses.ts";
import type { HealthPath } from "../admission/proxy-context.ts";
import { RepeatedAdmission } from "../admission/repeated-admission.ts";
import { shownPrefix } from "../admission/route.ts";
import type { ClientHandler, ClientSide } from "../exchange/client-side.ts";
import type { DataPlane } from "../exchange/data-plane.ts";
import { Exchange } from "../exchange/exchange.ts";
import { prepareRequest, type PreparedRequest } from "../exchange/prepared-request.ts";
import type { Expiring } from "../io/timer-wheel.ts";
import { ResetProbe } from "./reset-probe.ts";
import { spokenIn, WRONG_PROTOCOL } from "./spoken-protocol.ts";

/** Bytes of pipelined requests that are kept during an exchange; then LMGate stops reading from the client. */
const MAX_PIPELINED_BYTES = 65_536;
/**
 * After its last response LMGate reads on and discards, because a reset would destroy that response (RFC 9112 §9.6): until
 * the client has sent nothing for `LINGER_MS`, at most `MAX_LINGER_MS`. Clients that read only after their upload need it.
 */
const LINGER_MS = 2_000;
const MAX_LINGER_MS = 30_000;
/** When LMGate stops, a connection that is still unused gets this time for its first request, which may be on its way. */
const UNUSED_MS = 1_000;
const JSON_TYPE = "application/json";

/** Empty if the client has already left. */
export function clientAddress(socket: Socket): string {
  return (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
}

/** One client's connection. It carries one request at a time, in their order. */
export class ClientConnection implements Expiring, ClientSide {
  deadline = 0;
  scheduled = 0;
  readonly ip: string;
  readonly #socket: Socket;
  readonly #plane: DataPlane;
  readonly #heads: RequestHeadReader;
  readonly #admission = new RepeatedAdmission();
  #prepared: PreparedRequest | undefined;
  readonly #onClosed: (connection: ClientConnection) => void;
  #exchange: ClientHandler | undefined;
  #pipelined: Buffer[] = [];
  #pipelinedBytes = 0;
  #reading = false;
  #resetProbe: ResetProbe | undefined;
  /** A first request has begun, or was rejected. */
  #isUsed = false;
  #headStarted = false;
  /** The pool's buffers that hold bytes which are not sent yet. */
  #retained: Buffer[] = [];
  #state: "open" | "ending" | "closed" = "open";
  #minor: 0 | 1 = 1;
  #headOnly = false;
  #keepAlive = false;
  #writeHolds = 0;
  #endAfterRelease = false;
  /** The response was sent at this time, and the client's bytes are discarded; on the monotonic clock. */
  #lingersSince: number | undefined;

  constructor(socket: Socket, plane: DataPlane, onClosed: (connection: ClientConnection) => void) {
    this.#socket = socket;
    this.#plane = plane;
    this.#onClosed = onClosed;
    this.ip = clientAddress(socket);
    const { context } = plane;
    this.#heads = new RequestHeadReader({ maxBytes: context.maxHeadBytes, maxFields: context.maxHeaders });
    socket.on("data", (bytes: Buffer) => this.#received(bytes));
    socket.on("drain", () => {
      this.#releaseRetained();
      if (this.#exchange === undefined) this.#nextRequest();
      else this.#exchange.clientDrained();
    });
    socket.on("end", () => this.#ended());
    // "close" always follows an error and does the work.
    socket.on("error", () => undefined);
    socket.on("close", () => this.#closed());
    plane.wheel.arm(this, context.timeouts.clientHeadMs);
  }

  get closing(): boolean {
    return this.#plane.draining;
  }

  /** True if no request is running and none has begun to arrive. */
  get idle(): boolean {
    return this.#exchange === undefined && this.#heads.empty && this.#pipelined.length === 0;
  }

  // ClientSide: called by the exchange.

  write(bytes: Buffer): boolean {
    if (this.#retained.length > 0 && this.#socket.writableLength === 0) this.#releaseRetained();
    this.#plane.writes.cork(this.#socket);
    return this.#socket.write(bytes);
  }

  retain(buffer: Buffer): void {
    // After the exchange has ended the buffer is not pooled; the socket keeps it alive until its bytes are sent.
    if (this.#exchange !== undefined) this.#retained.push(buffer);
  }

  pauseReading(): void {
    this.#socket.pause();
    this.#resetProbe ??= new ResetProbe(this.#socket, this.#plane.wheel);
    this.#resetProbe.start();
  }

  resumeReading(): void {
    if (this.#pipelinedBytes <= MAX_PIPELINED_BYTES) this.#socket.resume();
  }

  // The write batcher uncorks the socket once. One cork more keeps back what was written until `releaseWrites`.

  holdWrites(): void {
    this.#writeHolds++;
    this.#socket.cork();
  }

  releaseWrites(): void {
    this.#writeHolds--;
    this.#socket.uncork();
    if (this.#writeHolds > 0 || !this.#endAfterRelease) return;
    this.#endAfterRelease = false;
    this.#end();
  }

  armTimeout(waitingFor: "body" | "write" | "none"): void {
    const { timeouts } = this.#plane.context;
    const delayMs =
      waitingFor === "body" ? timeouts.clientBodyIdleMs : waitingFor === "write" ? timeouts.clientWriteStallMs : 0;
    this.#plane.wheel.arm(this, delayMs);
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#exchange = undefined;
    this.#plane.writes.flush(this.#socket);
    this.#socket.destroy();
  }

  reset(): void {
    this.#exchange = undefined;
    this.#plane.writes.flush(this.#socket);
    this.#socket.resetAndDestroy();
  }

  reject(rejection: Rejection, close: boolean): void {
    this.#exchange = undefined;
    this.#respondWithError(rejection, close);
    this.#nextRequest();
  }

  finished(reusable: boolean): void {
    this.#exchange = undefined;
    // Do not keep pooled buffers on an idle connection.
    this.#retained = [];
    if (reusable) this.#nextRequest();
    else this.#endAndLinger();
  }

  // Called by the listener.

  /** Ends the running request at once, with a record. */
  shutdown(): void {
    const exchange = this.#exchange;
    if (exchange === undefined) this.destroy();
    else exchange.shutdown();
  }

  endWhenIdle(): void {
    if (!this.idle || this.#state !== "open") return;
    if (this.#isUsed) this.#endAndLinger();
    else this.#plane.wheel.arm(this, UNUSED_MS);
  }

  expire(): void {
    if (this.#exchange === undefined) this.destroy();
    else this.#exchange.clientExpired();
  }

  // Called by the socket.

  #received(bytes: Buffer): void {
    if (this.#state !== "open") {
      this.#linger();
      return;
    }
    let rest: Buffer | undefined = bytes;
    if (this.#exchange !== undefined) rest = this.#exchange.clientData(bytes);
    if (rest === undefined || rest.length === 0) return;
    this.#pipelined.push(rest);
    this.#pipelinedBytes += rest.length;
    if (this.#exchange === undefined) this.#readRequests();
    if (this.#pipelinedBytes > MAX_PIPELINED_BYTES) this.pauseReading();
  }

  /** Reads heads until one starts an exchange. A loop and not a recursion, since many requests may be rejected in a row. */
  #readRequests(): void {
    if (this.#reading) return;
    this.#reading = true;
    while (this.#exchange === undefined && this.#state === "open" && !this.#socket.writableNeedDrain) {
      const bytes = this.#pipelined.shift();
      if (bytes === undefined) break;
      this.#pipelinedBytes -= bytes.length;
      this.#readHead(bytes);
    }
    this.#reading = false;
  }

  #readHead(bytes: Buffer): void {
    const head = this.#heads.push(bytes);
    if (head === undefined) {
      if (!this.#headStarted && !this.#heads.empty) {
        this.#headStarted = true;
        this.#plane.wheel.arm(this, this.#plane.context.timeouts.clientHeadMs);
      }
    } else if (isFault(head)) this.#rejectHead(head, spokenIn(bytes));
    else {
      this.#headStarted = false;
      this.#startRequest(head, this.#heads.takeRest());
    }
  }

  #startRequest(head: RequestHead, rest: Buffer): void {
    const plane = this.#plane;
    const isUsed = this.#isUsed;
    this.#isUsed = true;
    this.#minor = head.minor;
    this.#headOnly = head.method === "HEAD";
    this.#keepAlive = head.keepAlive;
    const admission = this.#admission.admit(head, plane.context, plane.wallClock());
    let left: Buffer | undefined = rest;
    switch (admission.kind) {
      case "admitted": {
        if (plane.stopping && isUsed) {
          this.#rejectRequest({ kind: "draining" }, admission.maskedKey, head);
          break;
        }
        plane.wheel.arm(this, 0);
        if (this.#prepared?.admitted !== admission) {
          this.#prepared = prepareRequest(admission, this.ip, plane.context.accounting);
        }
        const exchange = new Exchange(plane, this, this.#prepared);
        this.#exchange = exchange;
        left = exchange.start(rest);
        break;
      }
      case "health":
        this.#respondWithHealth(admission.path, head.body.kind !== "none");
        break;
      case "rejected":
        this.#rejectRequest(admission.rejection, admission.maskedKey, head);
        break;
    }
    if (left !== undefined && left.length > 0) {
      this.#pipelined.unshift(left);
      this.#pipelinedBytes += left.length;
    }
  }

  #respondWithHealth(path: HealthPath, hasBody: boolean): void {
    const health = this.#plane.context.health(path);
    this.#respond({ ...health, errorCode: undefined, close: hasBody });
    this.#armIdleTimeout();
  }

  #rejectRequest(rejection: Rejection, maskedKey: string, head: RequestHead): void {
    const { context } = this.#plane;
    const prefix = shownPrefix(head.target, context.providers);
    context.requestRejected({ rejection, maskedKey, prefix, clientIp: this.ip });
    // LMGate does not read the body of a rejected request, and must not read it as the next request.
    // What follows a CONNECT is meant for the tunnel that it did not get.
    const close = head.body.kind !== "none" || rejection.kind === "malformed" || head.method === "CONNECT";
    this.#respondWithError(rejection, close);
    this.#armIdleTimeout();
  }

  #rejectHead({ fault, detail }: WireFault, spoken: SpokenProtocol | undefined): void {
    const rejection: Rejection = {
      kind: fault,
      detail: spoken === undefined ? detail : WRONG_PROTOCOL[spoken],
      spoken,
    };
    this.#minor = 1;
    this.#headOnly = false;
    this.#plane.context.requestRejected({ rejection, maskedKey: "", prefix: "", clientIp: this.ip });
    this.#respondWithError(rejection, true);
  }

  #respondWithError(rejection: Rejection, close: boolean): void {
    const error = gatewayError(rejection);
    this.#respond({
      status: error.status,
      contentType: JSON_TYPE,
      body: errorBody(error),
      errorCode: error.code,
      close,
    });
  }

  #respond(response: Omit<EncodedResponse, "minor" | "withBody">): void {
    const close = response.close || !this.#keepAlive || this.#plane.draining;
    const date = new Date(this.#plane.wallClock()).toUTCString();
    this.#socket.write(encodeResponse({ ...response, close, minor: this.#minor, withBody: !this.#headOnly }, date));
    if (close) this.#endAndLinger();
  }

  #nextRequest(): void {
    if (this.#state !== "open") return;
    // A response that began before the drain had no `Connection: close`, so the connection is closed here.
    if (this.#plane.stopping) this.endWhenIdle();
    this.#armIdleTimeout();
    this.#socket.resume();
    if (this.#pipelined.length > 0) this.#readRequests();
  }

  #releaseRetained(): void {
    for (const buffer of this.#retained) this.#plane.buffers.release(buffer);
    this.#retained.length = 0;
  }

  /** A client that does not read its responses gets no further ones, which would pile up in memory. */
  #armIdleTimeout(): void {
    if (this.#state !== "open") return;
    const { timeouts } = this.#plane.context;
    this.#plane.wheel.arm(this, this.#socket.writableNeedDrain ? timeouts.clientWriteStallMs : timeouts.clientIdleMs);
  }

  /** Half-closes the connection, then reads on for a while and discards what it reads. */
  #endAndLinger(): void {
    if (this.#state !== "open") return;
    this.#state = "ending";
    this.#pipelined = [];
    this.#pipelinedBytes = 0;
    // `end` would send the writes that are held.
    if (this.#writeHolds > 0) this.#endAfterRelease = true;
    else this.#end();
  }

  #end(): void {
    if (this.#state === "closed") return;
    const { wheel, context } = this.#plane;
    // A slow reader that has not received the whole response yet gets the usual time for that.
    wheel.arm(this, this.#socket.writableLength > 0 ? context.timeouts.clientWriteStallMs : LINGER_MS);
    this.#socket.end(() => {
      if (this.#state !== "ending") return;
      this.#lingersSince = this.#plane.clock();
      wheel.arm(this, LINGER_MS);
    });
    this.#socket.resume();
  }

  /** The client still sends. A gateway that stops does not wait for it. */
  #linger(): void {
    const since = this.#lingersSince;
    if (since === undefined || this.#state !== "ending" || this.#plane.stopping) return;
    const left = MAX_LINGER_MS - (this.#plane.clock() - since);
    if (left > 0) this.#plane.wheel.arm(this, Math.min(LINGER_MS, left));
  }

  #ended(): void {
    if (this.#exchange !== undefined) this.#exchange.clientEnded();
    else if (this.#state === "open") this.#endAndLinger();
  }

  #closed(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#plane.wheel.remove(this);
    this.#resetProbe?.stop();
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#pipelined = [];
    exchange?.clientGone();
    this.#onClosed(this);
  }
}
