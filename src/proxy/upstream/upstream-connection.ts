import { isIP, connect as connectPlain, type Socket } from "node:net";
import { isProxyLoop, type ListenAddress } from "../../core/proxy-loop.ts";
import type { Upstream } from "../../core/provider.ts";
import type { UpstreamFault } from "../../core/request/rejection.ts";
import { upstreamErrorCode, type UpstreamErrorCode } from "../../core/request/upstream-error-code.ts";
import type { HeadLimits } from "../../wire/head-collector.ts";
import { ResponseHeadReader } from "../../wire/response-head.ts";
import type { DnsCache } from "./dns-cache.ts";
import { MIN_POOLED_BYTES, type BufferPool } from "../io/buffer-pool.ts";
import type { Expiring, TimerWheel } from "../io/timer-wheel.ts";
import type { WriteBatcher } from "../io/write-batcher.ts";

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

export interface ConnectionContext {
  readonly upstream: Upstream;
  readonly dns: DnsCache;
  readonly wheel: TimerWheel;
  readonly writes: WriteBatcher;
  readonly connectMs: number;
  readonly headLimits: HeadLimits;
  /** All upstream sockets of a data worker read into this one buffer. */
  readonly readBuffer: Buffer;
  readonly buffers: BufferPool;
  readonly listenAddress: ListenAddress;
  /** The pool's clock. After this time the connection is too old for another request. */
  readonly reuseUntil: number;
  readonly tlsSession: Buffer | undefined;
  onTlsSession(session: Buffer): void;
  onClosed(connection: UpstreamConnection): void;
}

/** One connection to an upstream: connecting, used by an exchange, or idle in its pool. */
export class UpstreamConnection implements Expiring {
  deadline = 0;
  scheduled = 0;
  readonly responseHeads: ResponseHeadReader;
  ready = false;
  readonly #socket: Socket;
  readonly #context: ConnectionContext;
  #handler: UpstreamHandler | undefined;
  /** What the connection is waiting for, as the `error_code` of a timeout. */
  #stage: "dns_timeout" | "connect_timeout" | "tls_timeout" = "dns_timeout";
  #isClosed = false;

  constructor(context: ConnectionContext, handler: UpstreamHandler) {
    this.#context = context;
    this.#handler = handler;
    this.responseHeads = new ResponseHeadReader(context.headLimits);
    this.#socket = openSocket(context, (length) => this.#received(length));
    this.#listen(context.upstream.secure ? "secureConnect" : "connect");
    context.wheel.arm(this, context.connectMs);
  }

  get reuseUntil(): number {
    return this.#context.reuseUntil;
  }

  get usable(): boolean {
    const socket = this.#socket;
    return !this.#isClosed && socket.readable && socket.writable;
  }

  /** Gives an idle connection to an exchange. */
  assign(handler: UpstreamHandler): void {
    this.#handler = handler;
    this.#context.wheel.arm(this, 0);
  }

  /** The exchange has ended, and no byte of it is left on the connection. */
  setIdle(idleMs: number): void {
    this.#handler = undefined;
    this.#socket.resume();
    this.#context.wheel.arm(this, idleMs);
  }

  /** Returns false when the caller should wait for `upstreamDrained`. */
  write(bytes: Buffer): boolean {
    this.#context.writes.cork(this.#socket);
    return this.#socket.write(bytes);
  }

  writeHead(head: string): boolean {
    this.#context.writes.cork(this.#socket);
    return this.#socket.write(head, "latin1");
  }

  /** Half-closes the connection; only tunnels do. */
  end(): void {
    this.#socket.end();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Restarts the exchange's timeout; 0 stops it. */
  arm(delayMs: number): void {
    this.#context.wheel.arm(this, delayMs);
  }

  destroy(): void {
    this.#handler = undefined;
    this.#detach();
    this.#context.writes.flush(this.#socket);
    this.#socket.destroy();
  }

  expire(): void {
    if (!this.ready) {
      this.#closed("upstream_timeout", this.#stage);
      this.#socket.destroy();
    } else if (this.#handler === undefined) this.destroy();
    else this.#handler.upstreamExpired();
  }

  #listen(readyEvent: "connect" | "secureConnect"): void {
    const socket = this.#socket;
    if (isIP(this.#context.upstream.host) === 0) socket.on("lookup", () => (this.#stage = "connect_timeout"));
    else this.#stage = "connect_timeout";
    socket.on("connect", () => (this.#stage = "tls_timeout"));
    socket.on(readyEvent, () => {
      if (isProxyLoop(socket, this.#context.listenAddress)) {
        this.#closed("upstream_unreachable", "proxy_loop");
        socket.destroy();
        return;
      }
      this.ready = true;
      this.#context.wheel.arm(this, 0);
      this.#handler?.upstreamReady();
    });
    socket.on("drain", () => this.#handler?.upstreamDrained());
    socket.on("end", () => {
      // Within the TLS handshake the connection was never open. An error with the reason may follow.
      if (!this.ready) return;
      if (this.#handler === undefined) this.destroy();
      else this.#handler.upstreamEnded();
    });
    socket.on("error", (error) => this.#failed(upstreamErrorCode(error)));
    socket.on("close", () => this.#failed("closed"));
  }

  #received(length: number): void {
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

  #failed(code: UpstreamErrorCode | undefined): void {
    this.#closed(this.ready ? "upstream_reset" : "upstream_unreachable", code);
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

function openSocket(context: ConnectionContext, received: (length: number) => void): Socket {
  const { upstream, dns, tlsSession } = context;
  const options = {
    host: upstream.host,
    port: upstream.port,
    lookup: dns.lookup,
    noDelay: true,
    keepAlive: true,
    allowHalfOpen: true,
    // Copying out of one shared buffer costs less than a new 64 KB buffer per read, most of which would stay empty.
    onread: {
      buffer: context.readBuffer,
      callback: (length: number) => {
        received(length);
        return true;
      },
    },
  };
  if (!upstream.secure) return connectPlain(options);
  // node:tls is loaded only when needed (5 MB). A static import would also build its unused list of root certificates.
  const socket = process.getBuiltinModule("node:tls").connect({
    ...options,
    ALPNProtocols: ["http/1.1"],
    // An IP address must not be sent as a server name (RFC 6066 §3).
    ...(isIP(upstream.host) === 0 ? { servername: upstream.host } : {}),
    ...(tlsSession === undefined ? {} : { session: tlsSession }),
  });
  socket.on("session", (session: Buffer) => context.onTlsSession(session));
  return socket;
}
