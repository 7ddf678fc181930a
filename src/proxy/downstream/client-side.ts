import type { Rejection } from "../../core/request/rejection.ts";

/** What a call needs of the connection it came on. */
export interface ClientSide {
  readonly ip: string;
  /** Returns false when the sender should wait for `clientDrained`. */
  write(bytes: Buffer): boolean;
  /** All that was written so far may lie in `piece`, which is given back when it has left. */
  lend(piece: Buffer): void;
  pauseReading(): void;
  resumeReading(): void;
  /** What was written in this turn, and all behind it, leaves only after a `release` for each `hold`. */
  hold(): void;
  release(): void;
  /** Expect bytes of the request body within `body`, or room to write within `write`; `none` waits for nothing. */
  await(what: "body" | "write" | "none"): void;
  /** Whether this connection ends with the answer under way. */
  readonly closing: boolean;
  /** Half-close, for tunnels. */
  end(): void;
  destroy(): void;
  /** Destroy it so that the client cannot take what it has for the whole. */
  reset(): void;
  /** Answer for ourselves; nothing of a response was sent yet. */
  refuse(refusal: Rejection, close: boolean): void;
  /** The call is over; the connection may take the next one when `reusable`. */
  finished(reusable: boolean): void;
}

/** What a client's connection tells the call that is on it. */
export interface RequestOnClient {
  /** More bytes from the client; returns those that are not this call's. */
  clientData(bytes: Buffer): Buffer | undefined;
  clientDrained(): void;
  /** The client sent its FIN. */
  clientEnded(): void;
  clientGone(): void;
  clientExpired(): void;
  shutdown(): void;
}
