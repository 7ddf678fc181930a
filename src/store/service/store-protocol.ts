import type { LogEntry } from "../../core/log.ts";
import type { LocatedStore } from "../files/store-directory.ts";

// The messages between the gateway and the store's process. They are plain data; `reader-rpc.ts` says which methods there
// are and what they take and return.

export interface StoreInit {
  readonly settings: LocatedStore;
  readonly ledgerPath: string;
}

export type ToStore =
  | { readonly kind: "open"; readonly init: StoreInit }
  | { readonly kind: "invoke"; readonly id: number; readonly method: string; readonly argument: unknown }
  /** Requests the next part of a stream. The first part comes without it. */
  | { readonly kind: "pull"; readonly id: number }
  /** The result is no longer needed. */
  | { readonly kind: "cancel"; readonly id: number }
  /** Write what the next process would have to read again, and end. */
  | { readonly kind: "close" };

export type FromStore =
  | { readonly kind: "ready" }
  | { readonly kind: "result"; readonly id: number; readonly value: unknown }
  | { readonly kind: "part"; readonly id: number; readonly bytes: Uint8Array }
  | { readonly kind: "end"; readonly id: number }
  | { readonly kind: "error"; readonly id: number; readonly error: PlainError }
  | ({ readonly kind: "log" } & LogEntry);

/** An error as plain data. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  /** The error's own properties except its name. */
  readonly properties: Readonly<Record<string, unknown>>;
}

/** A stream's parts are sent one at a time, as they are pulled. */
export type Method = (argument: unknown, signal?: AbortSignal) => Promise<unknown> | AsyncIterable<Uint8Array>;

export type Methods = Readonly<Record<string, Method>>;
