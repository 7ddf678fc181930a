import type { RequestHead } from "../../wire/request-head.ts";
import type { ResponseHead } from "../../wire/response-head.ts";
import type { ClientSide } from "../downstream/client-side.ts";

const CONTINUE = Buffer.from("HTTP/1.1 100 Continue\r\n\r\n", "latin1");
const MAX_INTERIM_HEADS = 100;

/** What goes before an answer: 1xx heads, and the 100 that a client may wait for with its body (RFC 9110 §10.1.1). */
export class ExpectContinue {
  readonly #head: RequestHead;
  #heads = 0;
  #told = false;

  constructor(head: RequestHead) {
    this.#head = head;
  }

  /** The client keeps its body back until it is told to go on. */
  get awaited(): boolean {
    return this.#head.expect !== undefined && this.#head.minor === 1 && !this.#told;
  }

  /** The body is coming, so nobody waits for a 100 any more. */
  bodyCame(): void {
    this.#told = true;
  }

  /** Tells the client to go on, for an upstream that says nothing. */
  grant(client: ClientSide): void {
    this.#told = true;
    client.write(CONTINUE);
  }

  /** Passes a 1xx answer on; HTTP/1.0 knows none, and a 100 that nobody waits for says nothing. */
  pass(head: ResponseHead, client: ClientSide): "passed" | "granted" | "too-many" {
    if (++this.#heads > MAX_INTERIM_HEADS) return "too-many";
    if (this.#head.minor === 0) return "passed";
    const granted = head.status === 100;
    if (granted && !this.awaited) return "passed";
    if (granted) this.#told = true;
    client.write(Buffer.from(head.text, "latin1"));
    return granted ? "granted" : "passed";
  }
}
