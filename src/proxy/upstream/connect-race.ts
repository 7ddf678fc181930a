import type { LookupAddress } from "node:dns";
import { isIP, type Socket } from "node:net";
import { isProxyLoop, type ListenAddress } from "../../core/proxy-loop.ts";
import { moreTelling, upstreamErrorCode, type UpstreamErrorCode } from "../../core/request/upstream-error-code.ts";
import type { Expiring, TimerWheel } from "../io/timer-wheel.ts";
import type { DnsCache } from "./dns-cache.ts";
import { openSocket, type SocketContext } from "./upstream-socket.ts";

export interface RaceContext extends SocketContext {
  readonly dns: DnsCache;
  readonly wheel: TimerWheel;
  readonly listenAddress: ListenAddress;
}

/** Receives the one result of a race. */
export interface RaceHandler {
  /** The socket is connected and, with TLS, its handshake is complete. */
  raceWon(socket: Socket): void;
  /** Every address failed. */
  raceLost(code: UpstreamErrorCode | undefined): void;
  /** `length` bytes were read into the buffer; only after `raceWon`. */
  received(length: number): void;
}

interface Attempt {
  readonly socket: Socket;
  /** Removes the race's listeners. */
  readonly detach: () => void;
}

/** The recommended delay between two attempts (RFC 8305 §8). */
const ATTEMPT_DELAY_MS = 250;

/**
 * Connects to the addresses of an upstream as RFC 8305 ("Happy Eyeballs") says: each attempt starts when the one before it
 * failed or has taken too long, and that one goes on. The first that connects wins; a TLS handshake is part of connecting.
 * The caller limits the time of the whole.
 */
export class ConnectRace implements Expiring {
  deadline = 0;
  scheduled = 0;
  readonly #context: RaceContext;
  readonly #handler: RaceHandler;
  readonly #attempts = new Set<Attempt>();
  #addresses: readonly string[] = [];
  #next = 0;
  #isOver = false;
  /** What the attempts wait for, as the `error_code` of a timeout. */
  #waitingFor: "dns_timeout" | "connect_timeout" | "tls_timeout" = "dns_timeout";
  #failure: UpstreamErrorCode | undefined;

  constructor(context: RaceContext, handler: RaceHandler) {
    this.#context = context;
    this.#handler = handler;
  }

  /** The reason if the caller's time is over before the race is. */
  get timeoutCode(): UpstreamErrorCode | undefined {
    return moreTelling(this.#waitingFor, this.#failure);
  }

  start(): void {
    const { upstream, dns } = this.#context;
    if (isIP(upstream.host) !== 0) {
      this.#resolved([upstream.host]);
      return;
    }
    dns.lookup(upstream.host, { all: true }, (error, addresses) => {
      if (this.#isOver) return;
      if (error !== null || typeof addresses === "string") this.#lose(upstreamErrorCode(error));
      else this.#resolved(inOrder(addresses));
    });
  }

  /** Starts the next attempt beside those that are still running. */
  expire(): void {
    this.#attemptNext();
  }

  /** Ends all attempts without a result. */
  stop(): void {
    this.#finish();
    for (const { socket, detach } of this.#attempts) {
      detach();
      // An error without a listener would end the worker.
      socket.on("error", () => undefined);
      socket.destroy();
    }
    this.#attempts.clear();
  }

  #finish(): void {
    this.#isOver = true;
    this.#context.wheel.remove(this);
  }

  #resolved(addresses: readonly string[]): void {
    this.#addresses = addresses;
    this.#waitingFor = "connect_timeout";
    if (addresses.length === 0) this.#lose("dns_not_found");
    else this.#attemptNext();
  }

  #attemptNext(): void {
    const address = this.#addresses[this.#next];
    if (address === undefined) return;
    this.#next++;
    this.#attempt(address);
    this.#context.wheel.arm(this, this.#next < this.#addresses.length ? ATTEMPT_DELAY_MS : 0);
  }

  #attempt(address: string): void {
    const { secure } = this.#context.upstream;
    const socket = openSocket(this.#context, address, (length) => this.#handler.received(length));
    const readyEvent = secure ? "secureConnect" : "connect";
    const ready = (): void => this.#ready(attempt);
    const reached = (): void => void (this.#waitingFor = "tls_timeout");
    const failed = (error: Error): void => this.#failed(attempt, upstreamErrorCode(error));
    const closed = (): void => this.#failed(attempt, "closed");
    socket.on(readyEvent, ready).on("error", failed).on("close", closed);
    if (secure) socket.on("connect", reached);
    const detach = (): void => {
      socket.off(readyEvent, ready).off("error", failed).off("close", closed).off("connect", reached);
    };
    const attempt: Attempt = { socket, detach };
    this.#attempts.add(attempt);
  }

  #ready(attempt: Attempt): void {
    const { socket } = attempt;
    if (isProxyLoop(socket, this.#context.listenAddress)) {
      this.#failed(attempt, "proxy_loop");
      socket.destroy();
      return;
    }
    attempt.detach();
    this.#attempts.delete(attempt);
    this.stop();
    this.#handler.raceWon(socket);
  }

  #failed(attempt: Attempt, code: UpstreamErrorCode | undefined): void {
    // An error is followed by a close.
    if (!this.#attempts.delete(attempt)) return;
    this.#failure = moreTelling(this.#failure, code);
    if (this.#next < this.#addresses.length) this.#attemptNext();
    else if (this.#attempts.size === 0) this.#lose(this.#failure);
  }

  #lose(code: UpstreamErrorCode | undefined): void {
    this.#finish();
    this.#handler.raceLost(code);
  }
}

/** The resolver's order, but with the two families in turns (RFC 8305 §4). */
function inOrder(addresses: readonly LookupAddress[]): readonly string[] {
  const first = addresses[0]?.family;
  const preferred = addresses.filter(({ family }) => family === first);
  const others = addresses.filter(({ family }) => family !== first);
  const longest = preferred.length > others.length ? preferred : others;
  return longest.flatMap((_, at) => [preferred[at], others[at]].flatMap((found) => found?.address ?? []));
}
