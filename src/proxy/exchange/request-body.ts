import type { WireFault } from "../../wire/fault.ts";
import { BodyRelay, type BodySink } from "./body-relay.ts";
import type { ClientSide } from "../downstream/client-side.ts";
import type { Admitted } from "../admission/admit.ts";
import type { GuardedObserver } from "../recording/guarded-observer.ts";
import { forwardedRequestHead } from "./forwarded-request-head.ts";
import type { UpstreamConnection } from "../upstream/upstream-connection.ts";

/** Body bytes kept while the upstream connection is being made; after that the client is not read from. */
const MAX_HELD_BYTES = 65_536;
/** Up to here head and body are copied into one buffer; above, two buffers in one system call cost less. */
const MAX_COPIED_BYTES = 16_384;

/** The request on its way up: head, body, and the bytes that came before there was somewhere to send them. */
export class RequestBody implements BodySink {
  /** The upstream does not take more at the moment, and the client is not read from. */
  blocked = false;
  readonly #call: Admitted;
  readonly #client: ClientSide;
  readonly #glance: GuardedObserver;
  readonly #maxBytes: number | undefined;
  readonly #relay: BodyRelay;
  readonly #held: Buffer[] = [];
  #heldBytes = 0;
  #doubtful: Buffer[] | undefined;
  #upstream: UpstreamConnection | undefined;

  constructor(call: Admitted, client: ClientSide, glance: GuardedObserver, maxBytes: number | undefined) {
    this.#call = call;
    this.#client = client;
    this.#glance = glance;
    this.#maxBytes = maxBytes;
    this.#relay = new BodyRelay(call.head.body, this, "as framed");
  }

  /** The whole body was taken from the client. */
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
    // Pieces are passed on before they are counted; so near the limit they wait, lest a body we refuse arrive whole.
    const doubtful = this.#maxBytes !== undefined && this.#relay.bytes + bytes.length > this.#maxBytes;
    if (doubtful) this.#doubtful = [];
    const used = this.#relay.push(bytes);
    if (doubtful) this.#passDoubtful();
    return used < bytes.length ? bytes.subarray(used) : undefined;
  }

  /** Sends the head, with what has come of the body in the same write. Returns false when the upstream is slow. */
  begin(upstream: UpstreamConnection, upgrading: boolean): boolean {
    this.#upstream = upstream;
    const head = forwardedRequestHead(this.#call.head, this.#call.route, upgrading);
    const open = this.#writeFirst(upstream, head);
    if (this.#heldBytes > MAX_HELD_BYTES) this.#client.resumeReading();
    this.#held.length = 0;
    this.#heldBytes = 0;
    if (!open) this.#block();
    return open;
  }

  forward(bytes: Buffer): void {
    if (this.#doubtful !== undefined) this.#doubtful.push(bytes);
    else if (this.#upstream === undefined) {
      this.#held.push(bytes);
      this.#heldBytes += bytes.length;
      if (this.#heldBytes > MAX_HELD_BYTES) this.#client.pauseReading();
    } else if (!this.#upstream.write(bytes)) this.#block();
  }

  observe(payload: Buffer): void {
    this.#glance.requestBytes(payload);
  }

  unblock(): void {
    if (!this.blocked) return;
    this.blocked = false;
    this.#client.resumeReading();
  }

  #passDoubtful(): void {
    const pieces = this.#doubtful ?? [];
    this.#doubtful = undefined;
    if (this.tooLarge) return;
    for (const piece of pieces) this.forward(piece);
  }

  #block(): void {
    // Once the body is complete there is nothing left to hold back.
    if (this.blocked || this.done) return;
    this.blocked = true;
    this.#client.pauseReading();
  }

  #writeFirst(upstream: UpstreamConnection, head: string): boolean {
    if (this.#heldBytes === 0) return upstream.writeHead(head);
    if (this.#heldBytes <= MAX_COPIED_BYTES) {
      const first = Buffer.allocUnsafe(head.length + this.#heldBytes);
      let end = first.write(head, 0, "latin1");
      for (const piece of this.#held) end += piece.copy(first, end);
      return upstream.write(first);
    }
    let open = upstream.writeHead(head);
    for (const piece of this.#held) open = upstream.write(piece);
    return open;
  }
}
