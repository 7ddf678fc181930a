import type { Outcome } from "../../core/request/outcome.ts";
import type { ResponseHead } from "../../wire/response-head.ts";
import type { WebSocketObserver } from "../recording/websocket-observer.ts";
import type { UpstreamConnection } from "../upstream/upstream-connection.ts";
import type { ClientSide } from "./client-side.ts";
import { forwardedResponseHead } from "./forwarded-response-head.ts";

const MAX_HELD_BYTES = 65_536;

/** Forwards bytes both ways after a 101. Before that, it keeps what the client has already sent. */
export class Tunnel {
  clientBytes = 0;
  upstreamBytes = 0;
  clientHasEnded = false;
  readonly #client: ClientSide;
  readonly #idleMs: number;
  readonly #held: Buffer[] = [];
  #upstream: UpstreamConnection | undefined;
  #upstreamEnded = false;
  /** The client has no room, so LMGate does not read from the upstream and its timeout is off. */
  #blocked = false;
  #observer: WebSocketObserver | undefined;

  constructor(client: ClientSide, idleMs: number) {
    this.#client = client;
    this.#idleMs = idleMs;
  }

  get isOpen(): boolean {
    return this.#upstream !== undefined;
  }

  /** The outcome if no bytes come for too long: complete if either side has ended, else a timeout. */
  get idleOutcome(): Outcome {
    const ended = this.clientHasEnded || this.#upstreamEnded;
    return ended ? { kind: "complete" } : { kind: "upstream", fault: "upstream_timeout" };
  }

  open(upstream: UpstreamConnection, head: ResponseHead, rest: Buffer, observer: WebSocketObserver | undefined): void {
    this.#upstream = upstream;
    this.#observer = observer;
    const text = forwardedResponseHead(head, { minor: 1, close: false }, true) ?? head.text;
    this.#client.write(Buffer.from(text, "latin1"));
    if (rest.length > 0) this.fromUpstream(rest);
    for (const bytes of this.#held) {
      upstream.write(bytes);
      observer?.clientBytes(bytes);
    }
    this.#held.length = 0;
    this.#client.resumeReading();
    this.#restartTimeout();
  }

  fromClient(bytes: Buffer): void {
    this.clientBytes += bytes.length;
    if (this.#upstream === undefined) {
      this.#held.push(bytes);
      if (this.clientBytes > MAX_HELD_BYTES) this.#client.pauseReading();
      return;
    }
    if (!this.#upstream.write(bytes)) this.#client.pauseReading();
    this.#restartTimeout();
    this.#observer?.clientBytes(bytes);
  }

  fromUpstream(bytes: Buffer): void {
    this.upstreamBytes += bytes.length;
    if (!this.#client.write(bytes)) {
      this.#blocked = true;
      this.#upstream?.pause();
      this.#client.armTimeout("write");
    }
    this.#restartTimeout();
    this.#observer?.serverBytes(bytes);
  }

  clientDrained(): void {
    this.#blocked = false;
    this.#client.armTimeout("none");
    this.#upstream?.resume();
    this.#restartTimeout();
  }

  upstreamDrained(): void {
    this.#client.resumeReading();
  }

  clientGone(): void {
    this.#observer?.ended("client");
  }

  /** Returns true when both sides have ended. */
  clientEnded(): boolean {
    this.clientHasEnded = true;
    this.#observer?.ended("client");
    this.#upstream?.end();
    return this.#upstreamEnded;
  }

  /** Returns true when both sides have ended. */
  upstreamEnded(): boolean {
    this.#upstreamEnded = true;
    this.#observer?.ended("server");
    this.#client.end();
    return this.clientHasEnded;
  }

  #restartTimeout(): void {
    this.#upstream?.arm(this.#blocked ? 0 : this.#idleMs);
  }
}
