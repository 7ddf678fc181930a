import type { Outcome } from "../../core/request/outcome.ts";
import type { ResponseHead } from "../../wire/response-head.ts";
import type { ClientSide } from "../downstream/client-side.ts";
import type { DataPlane } from "../data-plane.ts";
import { forwardedResponseHead } from "./forwarded-response-head.ts";
import type { UpstreamConnection } from "../upstream/upstream-connection.ts";

const MAX_HELD_BYTES = 65_536;

/** Sees what passes, after it has passed. */
export interface TunnelListener {
  clientBytes(bytes: Buffer): void;
  serverBytes(bytes: Buffer): void;
  /** That side sends nothing more. */
  left(side: "client" | "server"): void;
}

/** A connection after a real 101: bytes both ways. Before it, what the client already sent waits here. */
export class Tunnel {
  clientBytes = 0;
  upstreamBytes = 0;
  clientHasEnded = false;
  readonly #client: ClientSide;
  readonly #plane: DataPlane;
  readonly #held: Buffer[] = [];
  #upstream: UpstreamConnection | undefined;
  #upstreamEnded = false;
  /** The client does not take more at the moment: nobody waits for the upstream, which is not read from. */
  #blocked = false;
  #listener: TunnelListener | undefined;

  constructor(client: ClientSide, plane: DataPlane) {
    this.#client = client;
    this.#plane = plane;
  }

  get isOpen(): boolean {
    return this.#upstream !== undefined;
  }

  /** What it means that nothing passes any more: behind an end of either side, that it was the last word. */
  get silence(): Outcome {
    const ended = this.clientHasEnded || this.#upstreamEnded;
    return ended ? { kind: "complete" } : { kind: "upstream", fault: "upstream_timeout" };
  }

  open(upstream: UpstreamConnection, head: ResponseHead, rest: Buffer, listener: TunnelListener | undefined): void {
    this.#upstream = upstream;
    this.#listener = listener;
    const text = forwardedResponseHead(head, { minor: 1, close: false }, true) ?? head.text;
    this.#client.write(Buffer.from(text, "latin1"));
    if (rest.length > 0) this.fromUpstream(rest);
    for (const bytes of this.#held) {
      upstream.write(bytes);
      listener?.clientBytes(bytes);
    }
    this.#held.length = 0;
    this.#client.resumeReading();
    this.#touch();
  }

  fromClient(bytes: Buffer): void {
    this.clientBytes += bytes.length;
    if (this.#upstream === undefined) {
      this.#held.push(bytes);
      if (this.clientBytes > MAX_HELD_BYTES) this.#client.pauseReading();
      return;
    }
    if (!this.#upstream.write(bytes)) this.#client.pauseReading();
    this.#touch();
    this.#listener?.clientBytes(bytes);
  }

  fromUpstream(bytes: Buffer): void {
    this.upstreamBytes += bytes.length;
    if (!this.#client.write(bytes)) {
      this.#blocked = true;
      this.#upstream?.pause();
      this.#client.await("write");
    }
    this.#touch();
    this.#listener?.serverBytes(bytes);
  }

  clientDrained(): void {
    this.#blocked = false;
    this.#client.await("none");
    this.#upstream?.resume();
    this.#touch();
  }

  upstreamDrained(): void {
    this.#client.resumeReading();
  }

  clientGone(): void {
    this.#listener?.left("client");
  }

  /** Returns true when both sides have ended. */
  clientEnded(): boolean {
    this.clientHasEnded = true;
    this.#listener?.left("client");
    this.#upstream?.end();
    return this.#upstreamEnded;
  }

  /** Returns true when both sides have ended. */
  upstreamEnded(): boolean {
    this.#upstreamEnded = true;
    this.#listener?.left("server");
    this.#client.end();
    return this.clientHasEnded;
  }

  #touch(): void {
    this.#upstream?.arm(this.#blocked ? 0 : this.#plane.gate.timeouts.streamIdleMs);
  }
}
