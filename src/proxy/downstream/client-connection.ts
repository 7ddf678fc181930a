import type { Socket } from "node:net";
import type { Rejection } from "../../core/request/rejection.ts";
import { isFault, type WireFault } from "../../wire/fault.ts";
import { RequestHeadReader, type RequestHead } from "../../wire/request-head.ts";
import type { RequestOnClient, ClientSide } from "./client-side.ts";
import { Exchange } from "../exchange/exchange.ts";
import { decide, type HealthPath } from "../admission/admit.ts";
import type { DataPlane } from "../data-plane.ts";
import { encodeResponse, errorBody, refuse, type EncodedResponse } from "../admission/error-responses.ts";
import { shownPrefix } from "../admission/route.ts";
import type { Expiring } from "../io/timer-wheel.ts";

/** Bytes of later requests kept while one is under way; after that the client is not read from. */
const MAX_AHEAD_BYTES = 65_536;
/** How long we read on after a last answer, so that it is not lost to a reset (RFC 9112 §9.6). */
const LINGER_MS = 2_000;
const JSON_TYPE = "application/json";

/** Empty where the client has left already. */
export function clientAddress(socket: Socket): string {
  return (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
}

/** One client's connection: its requests in order, one at a time. */
export class ClientConnection implements Expiring, ClientSide {
  deadline = 0;
  scheduled = 0;
  readonly ip: string;
  readonly #socket: Socket;
  readonly #plane: DataPlane;
  readonly #heads: RequestHeadReader;
  readonly #onGone: (connection: ClientConnection) => void;
  #call: RequestOnClient | undefined;
  #ahead: Buffer[] = [];
  #aheadBytes = 0;
  #pumping = false;
  #headBegun = false;
  /** What has not left yet lies in these. */
  #lent: Buffer[] = [];
  #state: "open" | "ending" | "gone" = "open";
  #minor: 0 | 1 = 1;
  #headOnly = false;
  #keepAlive = false;
  #holds = 0;
  #endsOnRelease = false;

  constructor(socket: Socket, plane: DataPlane, onGone: (connection: ClientConnection) => void) {
    this.#socket = socket;
    this.#plane = plane;
    this.#onGone = onGone;
    this.ip = clientAddress(socket);
    this.#heads = new RequestHeadReader({ maxBytes: plane.gate.maxHeadBytes, maxFields: plane.gate.maxHeaders });
    socket.on("data", (bytes: Buffer) => this.#received(bytes));
    socket.on("drain", () => {
      this.#giveBack();
      if (this.#call === undefined) this.#next();
      else this.#call.clientDrained();
    });
    socket.on("end", () => this.#ended());
    // "close" always follows; what matters is that the connection is gone, not why.
    socket.on("error", () => undefined);
    socket.on("close", () => this.#gone());
    plane.wheel.arm(this, plane.gate.timeouts.clientHeadMs);
  }

  get closing(): boolean {
    return this.#plane.draining;
  }

  /** No call on it and none begun. */
  get idle(): boolean {
    return this.#call === undefined && this.#heads.empty && this.#ahead.length === 0;
  }

  // What a call does with its client.

  write(bytes: Buffer): boolean {
    if (this.#lent.length > 0 && this.#socket.writableLength === 0) this.#giveBack();
    this.#plane.turn.join(this.#socket);
    return this.#socket.write(bytes);
  }

  lend(piece: Buffer): void {
    // Behind the end of its call, what still leaves keeps it until it has.
    if (this.#call !== undefined) this.#lent.push(piece);
  }

  pauseReading(): void {
    this.#socket.pause();
  }

  resumeReading(): void {
    if (this.#aheadBytes <= MAX_AHEAD_BYTES) this.#socket.resume();
  }

  // Corked once more than the turn does it, the socket keeps what it was given until the last uncorking.

  hold(): void {
    this.#holds++;
    this.#socket.cork();
  }

  release(): void {
    this.#holds--;
    this.#socket.uncork();
    if (this.#holds > 0 || !this.#endsOnRelease) return;
    this.#endsOnRelease = false;
    this.#end();
  }

  await(what: "body" | "write" | "none"): void {
    const { timeouts } = this.#plane.gate;
    const delayMs = what === "body" ? timeouts.clientBodyIdleMs : what === "write" ? timeouts.clientWriteStallMs : 0;
    this.#plane.wheel.arm(this, delayMs);
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#call = undefined;
    this.#plane.turn.leave(this.#socket);
    this.#socket.destroy();
  }

  reset(): void {
    this.#call = undefined;
    this.#plane.turn.leave(this.#socket);
    this.#socket.resetAndDestroy();
  }

  refuse(refusal: Rejection, close: boolean): void {
    this.#call = undefined;
    this.#answerRefusal(refusal, close);
    this.#next();
  }

  finished(reusable: boolean): void {
    this.#call = undefined;
    // None are to wait with a connection for its next call.
    this.#lent = [];
    if (reusable) this.#next();
    else this.#endAndLinger();
  }

  // What the process does with a connection.

  /** End the call under way, at once, with a record. */
  shutdown(): void {
    const call = this.#call;
    if (call === undefined) this.destroy();
    else call.shutdown();
  }

  endWhenIdle(): void {
    if (this.idle && this.#state === "open") this.#endAndLinger();
  }

  expire(): void {
    if (this.#call === undefined) this.destroy();
    else this.#call.clientExpired();
  }

  // What the socket says.

  #received(bytes: Buffer): void {
    if (this.#state !== "open") return;
    let rest: Buffer | undefined = bytes;
    if (this.#call !== undefined) rest = this.#call.clientData(bytes);
    if (rest === undefined || rest.length === 0) return;
    this.#ahead.push(rest);
    this.#aheadBytes += rest.length;
    if (this.#call === undefined) this.#pump();
    if (this.#aheadBytes > MAX_AHEAD_BYTES) this.#socket.pause();
  }

  /** Reads heads until one starts a call that takes time. A loop, since refusals can follow one another. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#call === undefined && this.#state === "open" && !this.#socket.writableNeedDrain) {
      const bytes = this.#ahead.shift();
      if (bytes === undefined) break;
      this.#aheadBytes -= bytes.length;
      this.#readHead(bytes);
    }
    this.#pumping = false;
  }

  #readHead(bytes: Buffer): void {
    const head = this.#heads.push(bytes);
    if (head === undefined) {
      if (!this.#headBegun && !this.#heads.empty) {
        this.#headBegun = true;
        this.#plane.wheel.arm(this, this.#plane.gate.timeouts.clientHeadMs);
      }
    } else if (isFault(head)) this.#refuseFault(head);
    else {
      this.#headBegun = false;
      this.#begin(head, this.#heads.takeRest());
    }
  }

  #begin(head: RequestHead, rest: Buffer): void {
    const plane = this.#plane;
    this.#minor = head.minor;
    this.#headOnly = head.method === "HEAD";
    this.#keepAlive = head.keepAlive;
    const decision = decide(head, plane.gate, plane.wallClock());
    let left: Buffer | undefined = rest;
    switch (decision.kind) {
      case "forward": {
        if (plane.stopping) {
          this.#refuseHead({ kind: "draining" }, decision.maskedKey, head);
          break;
        }
        plane.wheel.arm(this, 0);
        const exchange = new Exchange(plane, this, decision);
        this.#call = exchange;
        left = exchange.start(rest);
        break;
      }
      case "health":
        this.#health(decision.path, head.body.kind !== "none");
        break;
      case "refuse":
        this.#refuseHead(decision.refusal, decision.maskedKey, head);
        break;
    }
    if (left !== undefined && left.length > 0) {
      this.#ahead.unshift(left);
      this.#aheadBytes += left.length;
    }
  }

  #health(path: HealthPath, hasBody: boolean): void {
    const health = this.#plane.gate.health(path);
    this.#answer({ ...health, errorCode: undefined, close: hasBody });
    this.#idleAgain();
  }

  #refuseHead(refusal: Rejection, maskedKey: string, head: RequestHead): void {
    const prefix = shownPrefix(head.target, this.#plane.gate.providers);
    this.#plane.gate.refused({ refusal, maskedKey, prefix, clientIp: this.ip });
    // A body that nobody reads must not be taken for the next request.
    const close = head.body.kind !== "none" || refusal.kind === "malformed";
    this.#answerRefusal(refusal, close);
    this.#idleAgain();
  }

  #refuseFault(fault: WireFault): void {
    const refusal: Rejection = { kind: fault.fault, detail: fault.detail };
    this.#minor = 1;
    this.#headOnly = false;
    this.#plane.gate.refused({ refusal, maskedKey: "", prefix: "", clientIp: this.ip });
    this.#answerRefusal(refusal, true);
  }

  #answerRefusal(refusal: Rejection, close: boolean): void {
    const answer = refuse(refusal);
    this.#answer({
      status: answer.status,
      contentType: JSON_TYPE,
      body: errorBody(answer),
      errorCode: answer.code,
      close,
    });
  }

  #answer(answer: Omit<EncodedResponse, "minor" | "withBody">): void {
    const close = answer.close || !this.#keepAlive || this.#plane.draining;
    const date = new Date(this.#plane.wallClock()).toUTCString();
    const response = { ...answer, close, minor: this.#minor, withBody: !this.#headOnly };
    this.#socket.write(encodeResponse(response, date));
    if (close) this.#endAndLinger();
  }

  #next(): void {
    if (this.#state !== "open") return;
    // Its answer began before the drain did, and promised nothing of an end.
    if (this.#plane.stopping) this.endWhenIdle();
    this.#idleAgain();
    this.#socket.resume();
    if (this.#ahead.length > 0) this.#pump();
  }

  #giveBack(): void {
    for (const piece of this.#lent) this.#plane.pieces.giveBack(piece);
    this.#lent.length = 0;
  }

  /** A client that does not take its answers gets no further ones: they would pile up here. */
  #idleAgain(): void {
    if (this.#state !== "open") return;
    const { timeouts } = this.#plane.gate;
    this.#plane.wheel.arm(this, this.#socket.writableNeedDrain ? timeouts.clientWriteStallMs : timeouts.clientIdleMs);
  }

  /** Say that nothing more comes, then read on for a moment and forget what is read. */
  #endAndLinger(): void {
    if (this.#state !== "open") return;
    this.#state = "ending";
    this.#ahead = [];
    this.#aheadBytes = 0;
    // An end would take along what is held.
    if (this.#holds > 0) this.#endsOnRelease = true;
    else this.#end();
  }

  #end(): void {
    if (this.#state === "gone") return;
    const { wheel, gate } = this.#plane;
    // While a slow reader still takes the answer it has the time of any slow reader.
    wheel.arm(this, this.#socket.writableLength > 0 ? gate.timeouts.clientWriteStallMs : LINGER_MS);
    this.#socket.end(() => {
      if (this.#state === "ending") wheel.arm(this, LINGER_MS);
    });
    this.#socket.resume();
  }

  #ended(): void {
    if (this.#call !== undefined) this.#call.clientEnded();
    else if (this.#state === "open") this.#endAndLinger();
  }

  #gone(): void {
    if (this.#state === "gone") return;
    this.#state = "gone";
    this.#plane.wheel.forget(this);
    const call = this.#call;
    this.#call = undefined;
    this.#ahead = [];
    call?.clientGone();
    this.#onGone(this);
  }
}
