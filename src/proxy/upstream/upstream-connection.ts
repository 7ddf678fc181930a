import type { Socket } from "node:net";
import type { UpstreamFault } from "../../core/request/rejection.ts";
import { upstreamErrorCode, type UpstreamErrorCode } from "../../core/request/upstream-error-code.ts";
import type { HeadLimits } from "../../wire/head-collector.ts";
import { ResponseHeadReader } from "../../wire/response-head.ts";
import { holdWriteErrors } from "./hold-write-errors.ts";
import { MIN_POOLED_BYTES, type BufferPool } from "../io/buffer-pool.ts";
import type { Expiring } from "../io/timer-wheel.ts";
import type { WriteBatcher } from "../io/write-batcher.ts";
import { ConnectRace, type RaceContext, type RaceHandler } from "./connect-race.ts";

/** Receives the events of an upstream connection: the exchange that is using it. */
export interface UpstreamHandler {
  upstreamReady(): void;
  /** `pooled` is the pool's buffer that holds `bytes`, if there is one. The handler releases it after use. */
  upstreamData(bytes: Buffer, pooled: Buffer | undefined): void;
  upstreamDrained(): void;
  /** The upstream sent its FIN. */
  upstreamEnded(): void;
  /** The connection is closed; `fault` is the record's `error_type`, and `code` its `error_code`, if it is known. */
  upstreamClosed(fault: UpstreamFault, code: UpstreamErrorCode | undefined): void;
  upstreamExpired(): void;
}

export interface ConnectionContext extends RaceContext {
  readonly writes: WriteBatcher;
  readonly connectMs: number;
  readonly headLimits: HeadLimits;
  readonly buffers: BufferPool;
  /** The pool's clock. After this time the connection is too old for another request. */
  readonly reuseUntil: number;
  onClosed(connection: UpstreamConnection): void;
}

/** One connection to an upstream: connecting, used by an exchange, or idle in its pool. */
export class UpstreamConnection implements Expiring, RaceHandler {
  deadline = 0;
  scheduled = 0;
  readonly responseHeads: ResponseHeadReader;
  ready = false;
  readonly #race: ConnectRace;
  /** The socket that won the race; `undefined` until then. */
  #socket: Socket | undefined;
  readonly #context: ConnectionContext;
  #handler: UpstreamHandler | undefined;
  #isClosed = false;
  /** A write failed because the upstream has closed the connection. What it sent before is still read. */
  #writeError: Error | undefined;

  constructor(context: ConnectionContext, handler: UpstreamHandler) {
    this.#context = context;
    this.#handler = handler;
    this.responseHeads = new ResponseHeadReader(context.headLimits);
    this.#race = new ConnectRace(context, this);
    context.wheel.arm(this, context.connectMs);
    this.#race.start();
  }

  get reuseUntil(): number {
    return this.#context.reuseUntil;
  }

  get usable(): boolean {
    const socket = this.#socket;
    if (socket === undefined || this.#isClosed || this.#writeError !== undefined) return false;
    return socket.readable && socket.writable;
  }

  /** Gives an idle connection to an exchange. */
  assign(handler: UpstreamHandler): void {
    this.#handler = handler;
    this.#context.wheel.arm(this, 0);
  }

  /** The exchange has ended, and no byte of it is left on the connection. */
  setIdle(idleMs: number): void {
    this.#handler = undefined;
    this.#socket?.resume();
    this.#context.wheel.arm(this, idleMs);
  }

  /** Returns false when the caller should wait for `upstreamDrained`. */
  write(bytes: Buffer): boolean {
    const socket = this.#socket;
    if (socket === undefined) return false;
    this.#context.writes.cork(socket);
    return socket.write(bytes);
  }

  writeHead(head: string): boolean {
    const socket = this.#socket;
    if (socket === undefined) return false;
    this.#context.writes.cork(socket);
    return socket.write(head, "latin1");
  }

  /** Half-closes the connection; only tunnels do. */
  end(): void {
    this.#socket?.end();
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  /** Restarts the exchange's timeout; 0 stops it. */
  arm(delayMs: number): void {
    this.#context.wheel.arm(this, delayMs);
  }

  destroy(): void {
    this.#handler = undefined;
    this.#detach();
    const socket = this.#socket;
    if (socket === undefined) {
      this.#race.stop();
      return;
    }
    this.#context.writes.flush(socket);
    socket.destroy();
  }

  expire(): void {
    if (!this.ready) {
      this.#race.stop();
      this.#closed("upstream_timeout", this.#race.timeoutCode);
    } else if (this.#handler === undefined) this.destroy();
    else this.#handler.upstreamExpired();
  }

  raceWon(socket: Socket): void {
    this.#socket = socket;
    socket.on("drain", () => this.#handler?.upstreamDrained());
    holdWriteErrors(socket, (error) => this.#writeFailed(socket, error));
    socket.on("end", () => {
      if (this.#handler === undefined) this.destroy();
      // After a reset that a write has met, the end of the bytes looks like a FIN.
      else if (this.#writeError !== undefined) socket.destroy(this.#writeError);
      else this.#handler.upstreamEnded();
    });
    socket.on("error", (error) => this.#closed("upstream_reset", upstreamErrorCode(error)));
    socket.on("close", () => this.#closed("upstream_reset", "closed"));
    this.ready = true;
    this.#context.wheel.arm(this, 0);
    this.#handler?.upstreamReady();
  }

  raceLost(code: UpstreamErrorCode | undefined): void {
    this.#closed("upstream_unreachable", code);
  }

  received(length: number): void {
    // Bytes without a request must not be read as the response to the next one.
    if (this.#handler === undefined) {
      this.destroy();
      return;
    }
    const { readBuffer, buffers } = this.#context;
    const pooled = length < MIN_POOLED_BYTES ? undefined : buffers.acquire(length);
    const bytes = pooled?.subarray(0, length) ?? Buffer.allocUnsafe(length);
    readBuffer.copy(bytes, 0, 0, length);
    this.#handler.upstreamData(bytes, pooled);
  }

  #writeFailed(socket: Socket, error: Error): void {
    this.#writeError = error;
    // If everything has been read already, nothing else would report the error.
    if (socket.readableEnded) socket.destroy(error);
  }

  #closed(fault: UpstreamFault, code: UpstreamErrorCode | undefined): void {
    if (this.#isClosed) return;
    const handler = this.#handler;
    this.#handler = undefined;
    if (!this.ready) this.#context.dns.recheck(this.#context.upstream.host);
    this.#detach();
    handler?.upstreamClosed(fault, code);
  }

  #detach(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#context.wheel.remove(this);
    this.#context.onClosed(this);
  }
}
