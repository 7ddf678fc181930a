import type { Field } from "../../wire/field.ts";
import type { ApiKey, Client } from "../../core/request/client.ts";
import type { RequestRecord } from "../../core/request/request-record.ts";
import type { Rejection } from "../../core/request/rejection.ts";
import type { AccountingSettings, Provider, Timeouts } from "../../core/settings.ts";
import { withoutKeyShapes } from "../../usage/observe/safe-names.ts";
import type { RequestHead } from "../../wire/request-head.ts";
import { authorize } from "./authorize.ts";
import { CREDENTIAL_FIELDS, credentialsOf } from "./credentials.ts";
import { findRoute, type Route } from "./route.ts";

// The data plane's one line: parse → method → health → authorize → route → size → forward. It knows words and bytes
// only; whatever needs a file, a clock or another thread is a function it is handed.

export interface Listening {
  readonly host: string;
  readonly port: number;
}

/** What the gate is handed. */
export interface ProxyContext {
  readonly maxBodyBytes: number | undefined;
  readonly maxHeadBytes: number;
  readonly maxHeaders: number;
  readonly allowPreflight: boolean;
  readonly timeouts: Timeouts;
  readonly accounting: AccountingSettings;
  /** The last bytes of an answer wait for its record to be written. */
  readonly holdsAnswers: boolean;
  readonly providers: ReadonlyMap<string, Provider>;
  /** Where calls come in, so that none is sent back there. */
  readonly listening: Listening;
  readonly prefixes: readonly string[];
  identify(key: ApiKey): Client | undefined;
  /** Which path was probably meant by one that has no route. */
  suggest(path: string): string | undefined;
  health(path: HealthPath): HealthAnswer;
  refused(refused: Refused): void;
  /** Whether a client may connect from there; then `disconnected` follows, once. */
  connected(address: string): boolean;
  disconnected(address: string): void;
  /** A call starts towards a provider: `ended` follows once, behind its one record. */
  began(provider: string): void;
  /**
   * A WebSocket has further records, one for each response or turn that is billed. `announced`: it is the record of a
   * call that the ledger was told of while it ran. `written` is called once the record needs this process no more, or
   * can be waited for no longer.
   */
  record(record: RequestRecord, announced: boolean, written: (() => void) | undefined): void;
  /** With the fields of the provider's answer, none if there was none. */
  ended(provider: string, fields: readonly Field[]): void;
}

export type HealthPath = "/healthz" | "/livez" | "/readyz";

export interface HealthAnswer {
  readonly status: 200 | 503;
  readonly contentType: string;
  readonly body: string;
}

/** What is remembered of an answer LMGate gave itself instead of forwarding. */
export interface Refused {
  readonly refusal: Rejection;
  readonly maskedKey: string;
  readonly prefix: string;
  readonly clientIp: string;
}

/** A call that may pass. */
export interface Admitted {
  readonly kind: "forward";
  readonly head: RequestHead;
  readonly route: Route;
  /** `undefined` for a preflight let through without a key. */
  readonly client: Client | undefined;
  /** Those that opened the call, so that its record can be kept free of them. */
  readonly keys: readonly ApiKey[];
  readonly maskedKey: string;
}

export type Decision =
  | Admitted
  | { readonly kind: "health"; readonly path: HealthPath }
  | { readonly kind: "refuse"; readonly refusal: Rejection; readonly maskedKey: string };

/** Decides on a request head alone, before anything of the call touches an upstream. */
export function decide(head: RequestHead, gate: ProxyContext, now: number): Decision {
  if (head.method === "CONNECT" || head.method === "TRACE") {
    return refused({ kind: "method", method: head.method }, "");
  }
  const health = healthPath(head);
  if (health !== undefined) return { kind: "health", path: health };

  const stripped = head.connection.find((name) => isProtected(name));
  if (stripped !== undefined) {
    return refused({ kind: "malformed", detail: `Connection names the field ${stripped}` }, "");
  }
  const credentials = credentialsOf(head.fields, head.target);
  if (credentials.authorizationFields > 1) {
    return refused({ kind: "malformed", detail: "more than one Authorization field" }, "");
  }
  const keyless = credentials.gateKeys.length === 0 && credentials.providerKeys.length === 0;
  const authorization = authorize(credentials, (key) => gate.identify(key), now);
  if (!authorization.ok && !(keyless && gate.allowPreflight && isPreflight(head))) {
    return refused({ kind: "forbidden", reason: authorization.reason }, authorization.maskedKey);
  }

  const route = findRoute(head.target, gate.providers);
  if (route === undefined) {
    const suggestion = gate.suggest(withoutKeyShapes(head.target.split("?", 1)[0] ?? ""));
    return refused({ kind: "unknown-route", prefixes: gate.prefixes, suggestion }, authorization.maskedKey);
  }
  const { maxBodyBytes } = gate;
  if (maxBodyBytes !== undefined && head.body.kind === "length" && head.body.length > maxBodyBytes) {
    return refused({ kind: "body-too-large", maxBytes: maxBodyBytes }, authorization.maskedKey);
  }
  if (head.expect !== undefined && head.minor === 1 && head.expect.toLowerCase() !== "100-continue") {
    return refused({ kind: "expectation", value: head.expect }, authorization.maskedKey);
  }
  const { client, keys } = authorization.ok ? authorization : { client: undefined, keys: [] };
  return { kind: "forward", head, route, client, keys, maskedKey: authorization.maskedKey };
}

function refused(refusal: Rejection, maskedKey: string): Decision {
  return { kind: "refuse", refusal, maskedKey };
}

function healthPath(head: RequestHead): HealthPath | undefined {
  if (head.method !== "GET" && head.method !== "HEAD") return undefined;
  switch (head.target) {
    case "/healthz":
    case "/livez":
    case "/readyz":
      return head.target;
    default:
      return undefined;
  }
}

/** Fields that `Connection` must not name: what was checked would not be what is sent. */
function isProtected(name: string): boolean {
  return CREDENTIAL_FIELDS.has(name) || name === "host" || name === "content-length" || name === "transfer-encoding";
}

/** A browser's question before a call (Fetch standard, CORS-preflight): it has no body and leads to no other protocol. */
function isPreflight(head: RequestHead): boolean {
  if (head.method !== "OPTIONS" || head.body.kind !== "none" || head.upgrade !== undefined) return false;
  return head.fields.some((field) => field.name === "access-control-request-method");
}
