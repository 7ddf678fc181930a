import type { LogEntry } from "../../core/log.ts";
import type { StoreSettings } from "../../config/settings.ts";

// What passes between the gateway and the store's process. Plain data; a method's argument and answer are what the two
// ends agree on.

export interface StoreInit {
  readonly settings: StoreSettings;
  readonly ledgerPath: string;
}

export type ToStore =
  | { readonly kind: "open"; readonly init: StoreInit }
  | { readonly kind: "ask"; readonly id: number; readonly method: string; readonly argument: unknown }
  /** The next part of an answer that comes in parts; the first comes unasked. */
  | { readonly kind: "pull"; readonly id: number }
  /** Nobody waits for the answer any more. */
  | { readonly kind: "cancel"; readonly id: number };

export type FromStore =
  | { readonly kind: "ready" }
  | { readonly kind: "answer"; readonly id: number; readonly value: unknown }
  | { readonly kind: "part"; readonly id: number; readonly bytes: Uint8Array }
  | { readonly kind: "end"; readonly id: number }
  | { readonly kind: "fault"; readonly id: number; readonly fault: Fault }
  | ({ readonly kind: "log" } & LogEntry);

/** An error as it crosses; `facts` are its own members. */
export interface Fault {
  readonly name: string;
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** What one method does in the store's process. Bytes in parts leave one at a time, as they are pulled. */
export type Method = (argument: unknown, signal: AbortSignal) => Promise<unknown> | AsyncIterable<Uint8Array>;

export type Methods = Readonly<Record<string, Method>>;
