import type { ApiKey, Client } from "../../core/request/client.ts";
import type { Rejection } from "../../core/request/rejection.ts";
import { withoutKeyShapes } from "../../usage/dialects/safe-names.ts";
import type { RequestHead } from "../../wire/request-head.ts";
import { authorize } from "./authorize.ts";
import { CREDENTIAL_FIELDS, credentialsOf } from "./credentials.ts";
import type { HealthPath, ProxyContext } from "./proxy-context.ts";
import { findRoute, type Route } from "./route.ts";

/** A request that may be forwarded. */
export interface AdmittedRequest {
  readonly kind: "admitted";
  readonly head: RequestHead;
  readonly route: Route;
  /** `undefined` for a CORS preflight, which carries no key. */
  readonly client: Client | undefined;
  /** The keys that authorized the request. They are redacted from its record. */
  readonly keys: readonly ApiKey[];
  readonly maskedKey: string;
}

export type Admission =
  | AdmittedRequest
  | { readonly kind: "health"; readonly path: HealthPath }
  | { readonly kind: "rejected"; readonly rejection: Rejection; readonly maskedKey: string };

/** Decides from the request head alone, before LMGate opens or uses any upstream connection for the request. */
export function admit(head: RequestHead, context: ProxyContext, now: number): Admission {
  if (head.method === "CONNECT" || head.method === "TRACE") {
    return reject({ kind: "method", method: head.method }, "");
  }
  const health = healthPath(head);
  if (health !== undefined) return { kind: "health", path: health };

  const stripped = head.connection.find((name) => isProtected(name));
  if (stripped !== undefined) {
    return reject({ kind: "malformed", detail: `Connection names the field ${stripped}` }, "");
  }
  const credentials = credentialsOf(head.fields, head.target);
  if (credentials.authorizationFields > 1) {
    return reject({ kind: "malformed", detail: "more than one Authorization field" }, "");
  }
  const keyless = credentials.lmgateKeys.length === 0 && credentials.providerKeys.length === 0;
  const authorization = authorize(credentials, (key) => context.identify(key), now);
  if (!authorization.ok && !(keyless && context.allowPreflight && isPreflight(head))) {
    return reject({ kind: "forbidden", reason: authorization.reason }, authorization.maskedKey);
  }

  const route = findRoute(head.target, context.providers);
  if (route === undefined) {
    const suggestion = context.suggestPath(withoutKeyShapes(head.target.split("?", 1)[0] ?? ""));
    return reject({ kind: "unknown-route", prefixes: context.prefixes, suggestion }, authorization.maskedKey);
  }
  const { maxBodyBytes } = context;
  if (maxBodyBytes !== undefined && head.body.kind === "length" && head.body.length > maxBodyBytes) {
    return reject({ kind: "body-too-large", maxBytes: maxBodyBytes }, authorization.maskedKey);
  }
  if (head.expect !== undefined && head.minor === 1 && head.expect.toLowerCase() !== "100-continue") {
    return reject({ kind: "expectation", value: head.expect }, authorization.maskedKey);
  }
  const { client, keys } = authorization.ok ? authorization : { client: undefined, keys: [] };
  return { kind: "admitted", head, route, client, keys, maskedKey: authorization.maskedKey };
}

function reject(rejection: Rejection, maskedKey: string): Admission {
  return { kind: "rejected", rejection, maskedKey };
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

/** True for a field that `Connection` must not name: LMGate would check it and then not forward it. */
function isProtected(name: string): boolean {
  return CREDENTIAL_FIELDS.has(name) || name === "host" || name === "content-length" || name === "transfer-encoding";
}

/** True for a CORS preflight (https://fetch.spec.whatwg.org/#cors-preflight-request): no body and no upgrade. */
function isPreflight(head: RequestHead): boolean {
  if (head.method !== "OPTIONS" || head.body.kind !== "none" || head.upgrade !== undefined) return false;
  return head.fields.some((field) => field.name === "access-control-request-method");
}
