import type { ApiKey, Client } from "../../core/request/client.ts";
import type { DeferredRecord } from "../../core/request/deferred-record.ts";
import type { RequestRecord } from "../../core/request/request-record.ts";
import type { Rejection } from "../../core/request/rejection.ts";
import type { ListenAddress } from "../../core/proxy-loop.ts";
import type { Provider } from "../../core/provider.ts";
import type { AccountingSettings, Timeouts } from "../../config/settings.ts";
import type { Field } from "../../wire/field.ts";

/** What the proxy is given: its settings, and a function for everything that needs a file or another thread. */
export interface ProxyContext {
  readonly maxBodyBytes: number | undefined;
  readonly maxHeadBytes: number;
  readonly maxHeaders: number;
  readonly allowPreflight: boolean;
  readonly timeouts: Timeouts;
  readonly accounting: AccountingSettings;
  /** The last bytes of a response wait until its record is written (`stats.durability: written`). */
  readonly holdsResponses: boolean;
  readonly providers: ReadonlyMap<string, Provider>;
  /** The client port. A request must not be forwarded to it. */
  readonly listenAddress: ListenAddress;
  readonly prefixes: readonly string[];
  identify(key: ApiKey): Client | undefined;
  /** The path that was probably meant by one without a route. */
  suggestPath(path: string): string | undefined;
  health(path: HealthPath): HealthResponse;
  requestRejected(rejected: RejectedRequest): void;
  /** Returns false if a connection limit is reached; otherwise `connectionClosed` must follow, once. */
  acceptConnection(address: string): boolean;
  connectionClosed(address: string): void;
  /** `requestEnded` must follow, once, after the request's record. */
  requestStarted(provider: string): void;
  /**
   * A WebSocket session has further records, one for each response or turn that is billed. `announced`: the ledger
   * already knows this request from the list of running ones. `written` is called when the record would survive the
   * end of this process, or when waiting for that has timed out.
   */
  record(record: RequestRecord, announced: boolean, written: (() => void) | undefined): void;
  /** Like `record`, for a record that the ledger worker makes. */
  recordLater(deferred: DeferredRecord, announced: boolean, written: (() => void) | undefined): void;
  /** `fields` are those of the provider's response, empty if there was none. */
  requestEnded(provider: string, fields: readonly Field[]): void;
}

export type HealthPath = "/healthz" | "/livez" | "/readyz";

export interface HealthResponse {
  readonly status: 200 | 503;
  readonly contentType: string;
  readonly body: string;
}

/** A request that got an error response from LMGate instead of being forwarded. */
export interface RejectedRequest {
  readonly rejection: Rejection;
  readonly maskedKey: string;
  readonly prefix: string;
  readonly clientIp: string;
}
