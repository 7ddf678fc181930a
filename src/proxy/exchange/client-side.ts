import type { Rejection } from "../../core/request/rejection.ts";

/** What an exchange needs of its client: a connection, or the `DiscardingClient` that replaces one. */
export interface ClientSide {
  readonly ip: string;
  /** Returns false if the sender should wait for `clientDrained`. */
  write(bytes: Buffer): boolean;
  /** Keeps `buffer`, which may hold bytes written before this, and releases it to the pool once they have been sent. */
  retain(buffer: Buffer): void;
  pauseReading(): void;
  resumeReading(): void;
  /** Keeps back what was written in this turn and later, until there was a `releaseWrites` for each `holdWrites`. */
  holdWrites(): void;
  releaseWrites(): void;
  /** Arms the timeout for bytes of the request body (`body`) or for room to write (`write`); `none` stops it. */
  armTimeout(waitingFor: "body" | "write" | "none"): void;
  /** True if the connection closes after the current response. */
  readonly closing: boolean;
  /** Half-closes the connection; only tunnels do. */
  end(): void;
  destroy(): void;
  /** Resets the connection, so that the client cannot take a partial response for a complete one. */
  reset(): void;
  /** Sends an error response. Nothing of another response may have been sent before. */
  reject(rejection: Rejection, close: boolean): void;
  /** The exchange is over. A `reusable` connection may start the next one. */
  finished(reusable: boolean): void;
}

/** Receives the events of a client's connection: the exchange that is using it. */
export interface ClientHandler {
  /** Returns the bytes that do not belong to this request. */
  clientData(bytes: Buffer): Buffer | undefined;
  clientDrained(): void;
  /** The client sent its FIN. */
  clientEnded(): void;
  clientGone(): void;
  clientExpired(): void;
  shutdown(): void;
}
