import { isIP, connect as connectPlain, type Socket } from "node:net";
import type { Upstream } from "../../core/settings.ts";
import type { UpstreamFault } from "../../core/request/rejection.ts";
import type { HeadLimits } from "../../wire/head-collector.ts";
import { ResponseHeadReader } from "../../wire/response-head.ts";
import type { DnsCache } from "./dns-cache.ts";
import type { Listening } from "../admission/admit.ts";
import { isProxyLoop } from "./proxy-loop.ts";
import { MIN_PIECE_BYTES, type BufferPool } from "../io/buffer-pool.ts";
import type { Expiring, TimerWheel } from "../io/timer-wheel.ts";
import type { WriteBatcher } from "../io/write-batcher.ts";

/** Who is using a connection at the moment. */
export interface UpstreamUser {
  upstreamReady(): void;
  /** `piece` is the buffer that they lie in, where it can be used again: whoever is told of it says when. */
  upstreamData(bytes: Buffer, piece: Buffer | undefined): void;
  upstreamDrained(): void;
  /** The upstream sent its FIN. */
  upstreamEnded(): void;
  /** The connection is gone; `fault` says which word the record uses. */
  upstreamClosed(fault: UpstreamFault): void;
  upstreamExpired(): void;
}

export interface ConnectionContext {
  readonly upstream: Upstream;
  readonly dns: DnsCache;
  readonly wheel: TimerWheel;
  readonly turn: WriteBatcher;
  readonly connectMs: number;
  readonly headLimits: HeadLimits;
  /** What sockets are read into, all of a thread's into the same. */
  readonly readSpace: Buffer;
  readonly pieces: BufferPool;
  readonly listening: Listening;
  readonly tlsSession: Buffer | undefined;
  onSession(session: Buffer): void;
  /** Gone, for whatever reason: forget it. */
  onGone(connection: UpstreamConnection): void;
}

/** One connection to an upstream: connecting, lent to a user, or idle in its pool. */
export class UpstreamConnection implements Expiring {
  deadline = 0;
  scheduled = 0;
  readonly responseHeads: ResponseHeadReader;
  /** Calls that were sent on this connection; the first one is never stale. */
  uses = 0;
  ready = false;
  readonly #socket: Socket;
  readonly #context: ConnectionContext;
  #user: UpstreamUser | undefined;
  #timedOut = false;
  #gone = false;

  constructor(context: ConnectionContext, user: UpstreamUser) {
    this.#context = context;
    this.#user = user;
    this.responseHeads = new ResponseHeadReader(context.headLimits);
    this.#socket = openSocket(context, (length) => this.#received(length));
    this.#listen(context.upstream.secure ? "secureConnect" : "connect");
    context.wheel.arm(this, context.connectMs);
  }

  get usable(): boolean {
    const socket = this.#socket;
    return !this.#gone && socket.readable && socket.writable;
  }

  /** Lend an idle connection. */
  lend(user: UpstreamUser): void {
    this.#user = user;
    this.#context.wheel.arm(this, 0);
  }

  /** The user is done with it and nothing of its exchange is left on it. */
  rest(idleMs: number): void {
    this.#user = undefined;
    this.#socket.resume();
    this.#context.wheel.arm(this, idleMs);
  }

  /** Returns false when the caller should wait for `upstreamDrained`. */
  write(bytes: Buffer): boolean {
    this.#context.turn.join(this.#socket);
    return this.#socket.write(bytes);
  }

  writeHead(head: string): boolean {
    this.#context.turn.join(this.#socket);
    return this.#socket.write(head, "latin1");
  }

  /** Half-close, for tunnels. */
  end(): void {
    this.#socket.end();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Restart the user's timeout; 0 stops it. */
  arm(delayMs: number): void {
    this.#context.wheel.arm(this, delayMs);
  }

  destroy(): void {
    this.#user = undefined;
    this.#leave();
    this.#context.turn.leave(this.#socket);
    this.#socket.destroy();
  }

  expire(): void {
    if (!this.ready) {
      this.#timedOut = true;
      this.#closed("upstream_timeout");
      this.#socket.destroy();
    } else if (this.#user === undefined) this.destroy();
    else this.#user.upstreamExpired();
  }

  #listen(readyEvent: "connect" | "secureConnect"): void {
    const socket = this.#socket;
    socket.on(readyEvent, () => {
      if (isProxyLoop(socket, this.#context.listening)) {
        this.#closed("upstream_unreachable");
        socket.destroy();
        return;
      }
      this.ready = true;
      this.#context.wheel.arm(this, 0);
      this.#user?.upstreamReady();
    });
    socket.on("drain", () => this.#user?.upstreamDrained());
    socket.on("end", () => {
      if (this.#user === undefined) this.destroy();
      else this.#user.upstreamEnded();
    });
    socket.on("error", () => {
      this.#closed(this.ready ? "upstream_reset" : "upstream_unreachable");
    });
    socket.on("close", () => this.#closed(this.ready ? "upstream_reset" : "upstream_unreachable"));
  }

  #received(length: number): void {
    // Bytes nobody asked for must never be taken for the answer to the next call.
    if (this.#user === undefined) {
      this.destroy();
      return;
    }
    const { readSpace, pieces } = this.#context;
    const piece = length < MIN_PIECE_BYTES ? undefined : pieces.take(length);
    const bytes = piece?.subarray(0, length) ?? Buffer.allocUnsafe(length);
    readSpace.copy(bytes, 0, 0, length);
    this.#user.upstreamData(bytes, piece);
  }

  #closed(fault: UpstreamFault): void {
    if (this.#gone) return;
    const user = this.#user;
    this.#user = undefined;
    if (!this.ready) this.#context.dns.doubt(this.#context.upstream.host);
    this.#leave();
    user?.upstreamClosed(this.#timedOut ? "upstream_timeout" : fault);
  }

  #leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#context.wheel.forget(this);
    this.#context.onGone(this);
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
    // Copying an answer out of one space costs less than a new one for each read, of which most stays empty.
    onread: {
      buffer: context.readSpace,
      callback: (length: number) => {
        received(length);
        return true;
      },
    },
  };
  if (!upstream.secure) return connectPlain(options);
  // Loaded here, 5 MB, and not imported: an import also spells out every root certificate, for an export nobody reads.
  const socket = process.getBuiltinModule("node:tls").connect({
    ...options,
    ALPNProtocols: ["http/1.1"],
    // An IP address must not be sent as a server name (RFC 6066 §3).
    ...(isIP(upstream.host) === 0 ? { servername: upstream.host } : {}),
    ...(tlsSession === undefined ? {} : { session: tlsSession }),
  });
  socket.on("session", (session: Buffer) => context.onSession(session));
  return socket;
}
