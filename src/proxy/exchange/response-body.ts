import type { ResponseHead } from "../../wire/response-head.ts";
import { BodyRelay, type BodySink } from "./body-relay.ts";
import type { ClientSide } from "./client-side.ts";
import type { GuardedObserver } from "../recording/guarded-observer.ts";
import { bodyForm, forwardedResponseHead, isSelfDelimited, type ClientHop } from "./forwarded-response-head.ts";

/** Up to this size, copying head and body into one buffer costs less than writing two buffers. */
const MAX_COPIED_BYTES = 16_384;
const EMPTY = Buffer.alloc(0);

/** Forwards the response's head and body to the client. */
export class ResponseBody implements BodySink {
  /** The client has no room for more. */
  blocked = false;
  done = false;
  /** The upstream sent bytes after the end of its response, so its connection must not be reused. */
  overrun = false;
  /** Only the end of the connection tells the client that the response is complete. */
  readonly endsWithConnection: boolean;
  /** The client's connection closes after this response. */
  readonly closesClient: boolean;
  readonly #head: ResponseHead;
  readonly #minor: 0 | 1;
  #client: ClientSide;
  readonly #observer: GuardedObserver;
  readonly #relay: BodyRelay;
  /** The head, until it is sent with the first bytes of the body. */
  #prefix: Buffer | undefined;
  /** The upstream's buffer, if it starts with a head that needs no change. */
  #whole: Buffer | undefined;

  constructor(head: ResponseHead, hop: ClientHop, client: ClientSide, observer: GuardedObserver) {
    const { minor } = hop;
    this.#head = head;
    this.#minor = minor;
    this.#client = client;
    this.#observer = observer;
    this.endsWithConnection = !isSelfDelimited(head.body, minor);
    this.closesClient = hop.close || this.endsWithConnection;
    this.#relay = new BodyRelay(head.body, this, bodyForm(head.body, minor));
  }

  get bytes(): number {
    return this.#relay.bytes;
  }

  get faulty(): boolean {
    return this.#relay.fault !== undefined;
  }

  get untilClose(): boolean {
    return this.#relay.untilClose;
  }

  /** Sends the rest of the response to another client. */
  redirect(client: ClientSide): void {
    this.#client = client;
  }

  /** Sends the head and, in the same write, what came after it. `rest` is the end of the buffer `whole`. */
  begin(rest: Buffer, whole: Buffer): void {
    const hop = { minor: this.#minor, close: this.closesClient };
    const text = forwardedResponseHead(this.#head, hop, false);
    if (text === undefined && whole.length === this.#head.text.length + rest.length) {
      this.#whole = whole;
      this.#prefix = EMPTY;
    } else this.#prefix = Buffer.from(text ?? this.#head.text, "latin1");
    this.push(rest);
    if (this.#prefix !== undefined) this.forward(EMPTY);
  }

  push(bytes: Buffer): void {
    const used = this.#relay.push(bytes);
    this.done = this.#relay.done;
    if (this.done && used < bytes.length) this.overrun = true;
  }

  /** The upstream's connection ended, and with it a body without other framing. */
  end(): void {
    this.#relay.end();
    this.done = true;
  }

  forward(bytes: Buffer): void {
    const prefix = this.#prefix;
    if (prefix === undefined) {
      if (!this.#client.write(bytes)) this.blocked = true;
      return;
    }
    this.#prefix = undefined;
    if (!this.#writeFirst(prefix, bytes)) this.blocked = true;
  }

  observe(payload: Buffer): void {
    this.#observer.responseBytes(payload);
  }

  #writeFirst(prefix: Buffer, bytes: Buffer): boolean {
    const whole = this.#whole;
    if (whole !== undefined) {
      this.#whole = undefined;
      const headLength = this.#head.text.length;
      // A relay forwards sub-arrays of what was read, unless it had to cut something out. Other buffers may have the same
      // offset in another ArrayBuffer, so both are compared.
      const isRest = bytes.buffer === whole.buffer && bytes.byteOffset === whole.byteOffset + headLength;
      if (bytes.length === 0 || isRest) {
        const end = headLength + bytes.length;
        return this.#client.write(end === whole.length ? whole : whole.subarray(0, end));
      }
      return this.#writeTwo(whole.subarray(0, headLength), bytes);
    }
    if (bytes.length === 0) return this.#client.write(prefix);
    if (bytes.length > MAX_COPIED_BYTES) return this.#writeTwo(prefix, bytes);
    return this.#client.write(Buffer.concat([prefix, bytes]));
  }

  #writeTwo(head: Buffer, bytes: Buffer): boolean {
    this.#client.write(head);
    return this.#client.write(bytes);
  }
}
