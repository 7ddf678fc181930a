import type { WireFault } from "../../wire/fault.ts";
import { BodyRelay, type BodySink } from "./body-relay.ts";
import type { ClientSide } from "./client-side.ts";
import type { GuardedObserver } from "../recording/guarded-observer.ts";
import type { PreparedRequest } from "./prepared-request.ts";
import type { UpstreamConnection } from "../upstream/upstream-connection.ts";

/** LMGate keeps this many body bytes while it connects to the upstream; then it stops reading from the client. */
const MAX_HELD_BYTES = 65_536;
/** Up to this size, copying head and body into one buffer costs less than writing two buffers. */
const MAX_COPIED_BYTES = 16_384;

/** Forwards the request's head and body, and keeps the bytes that arrive before the upstream is connected. */
export class RequestBody implements BodySink {
  /** The upstream has no room, so LMGate does not read from the client. */
  blocked = false;
  readonly #forwardedHead: string;
  readonly #client: ClientSide;
  readonly #observer: GuardedObserver;
  readonly #maxBytes: number | undefined;
  readonly #relay: BodyRelay;
  readonly #held: Buffer[] = [];
  #heldBytes = 0;
  #nearLimit: Buffer[] | undefined;
  #upstream: UpstreamConnection | undefined;

  constructor(
    { admitted, forwardedHead }: PreparedRequest,
    client: ClientSide,
    observer: GuardedObserver,
    maxBytes: number | undefined,
  ) {
    this.#forwardedHead = forwardedHead;
    this.#client = client;
    this.#observer = observer;
    this.#maxBytes = maxBytes;
    this.#relay = new BodyRelay(admitted.head.body, this, "as framed");
  }

  /** The whole body has been read from the client. */
  get done(): boolean {
    return this.#relay.done;
  }

  get fault(): WireFault | undefined {
    return this.#relay.fault;
  }

  get bytes(): number {
    return this.#relay.bytes;
  }

  get tooLarge(): boolean {
    return this.#maxBytes !== undefined && this.#relay.bytes > this.#maxBytes;
  }

  /** Takes what belongs to the body; returns the rest. */
  take(bytes: Buffer): Buffer | undefined {
    // The relay forwards before it counts. Near the limit the bytes wait, or a rejected body could arrive complete.
    const isNearLimit = this.#maxBytes !== undefined && this.#relay.bytes + bytes.length > this.#maxBytes;
    if (isNearLimit) this.#nearLimit = [];
    const used = this.#relay.push(bytes);
    if (isNearLimit) this.#forwardWaiting();
    return used < bytes.length ? bytes.subarray(used) : undefined;
  }

  /** Sends the head and the body bytes so far in one write. Returns false if the upstream has no room for more. */
  begin(upstream: UpstreamConnection): boolean {
    this.#upstream = upstream;
    const hasRoom = this.#writeFirst(upstream, this.#forwardedHead);
    if (this.#heldBytes > MAX_HELD_BYTES) this.#client.resumeReading();
    this.#held.length = 0;
    this.#heldBytes = 0;
    if (!hasRoom) this.#block();
    return hasRoom;
  }

  forward(bytes: Buffer): void {
    if (this.#nearLimit !== undefined) this.#nearLimit.push(bytes);
    else if (this.#upstream === undefined) {
      this.#held.push(bytes);
      this.#heldBytes += bytes.length;
      if (this.#heldBytes > MAX_HELD_BYTES) this.#client.pauseReading();
    } else if (!this.#upstream.write(bytes)) this.#block();
  }

  observe(payload: Buffer): void {
    this.#observer.requestBytes(payload);
  }

  unblock(): void {
    if (!this.blocked) return;
    this.blocked = false;
    this.#client.resumeReading();
  }

  #forwardWaiting(): void {
    const waiting = this.#nearLimit ?? [];
    this.#nearLimit = undefined;
    if (this.tooLarge) return;
    for (const bytes of waiting) this.forward(bytes);
  }

  #block(): void {
    // After the end of the body there is nothing left to pause.
    if (this.blocked || this.done) return;
    this.blocked = true;
    this.#client.pauseReading();
  }

  #writeFirst(upstream: UpstreamConnection, head: string): boolean {
    if (this.#heldBytes === 0) return upstream.writeHead(head);
    if (this.#heldBytes <= MAX_COPIED_BYTES) {
      const first = Buffer.allocUnsafe(head.length + this.#heldBytes);
      let end = first.write(head, 0, "latin1");
      for (const bytes of this.#held) end += bytes.copy(first, end);
      return upstream.write(first);
    }
    let hasRoom = upstream.writeHead(head);
    for (const bytes of this.#held) hasRoom = upstream.write(bytes);
    return hasRoom;
  }
}
