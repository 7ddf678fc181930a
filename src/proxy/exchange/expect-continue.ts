import type { RequestHead } from "../../wire/request-head.ts";
import type { ResponseHead } from "../../wire/response-head.ts";
import type { ClientSide } from "./client-side.ts";

const CONTINUE = Buffer.from("HTTP/1.1 100 Continue\r\n\r\n", "latin1");
const MAX_INTERIM_HEADS = 100;

/** Handles 1xx responses, and the 100 that a client may wait for before it sends its body (RFC 9110 §10.1.1). */
export class ExpectContinue {
  readonly #head: RequestHead;
  #heads = 0;
  #continued = false;

  constructor(head: RequestHead) {
    this.#head = head;
  }

  /** True while the client is waiting for a 100 before it sends its body. */
  get awaited(): boolean {
    return this.#head.expect !== undefined && this.#head.minor === 1 && !this.#continued;
  }

  /** The client has started its body, so it is not waiting for a 100 any more. */
  bodyReceived(): void {
    this.#continued = true;
  }

  /** Sends a 100 in place of an upstream that sent none. */
  send(client: ClientSide): void {
    this.#continued = true;
    client.write(CONTINUE);
  }

  /** Forwards a 1xx response. HTTP/1.0 clients get none, and a 100 that the client is not waiting for is dropped. */
  forward(head: ResponseHead, client: ClientSide): "interim" | "continue" | "too-many" {
    if (++this.#heads > MAX_INTERIM_HEADS) return "too-many";
    if (this.#head.minor === 0) return "interim";
    const isContinue = head.status === 100;
    if (isContinue && !this.awaited) return "interim";
    if (isContinue) this.#continued = true;
    client.write(Buffer.from(head.text, "latin1"));
    return isContinue ? "continue" : "interim";
  }
}
