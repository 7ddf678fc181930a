import type { Rejection } from "../../core/request/rejection.ts";

// Every error that LMGate sends itself. Status, `error` code and the bytes of the body are part of the contract.

export interface GatewayError {
  readonly status: number;
  /** Also the value of `x-lmgate-error`. */
  readonly code: string;
  readonly message: string;
}

type RejectionKind = Rejection["kind"];
type RejectionOf<Kind extends RejectionKind> = Extract<Rejection, { kind: Kind }>;

const upstreamErrors = {
  upstream_unreachable: { status: 502, message: "The provider could not be reached" },
  upstream_timeout: { status: 504, message: "The provider did not answer in time" },
  upstream_reset: { status: 502, message: "The provider closed the connection before it answered" },
  upstream_invalid: { status: 502, message: "The provider's answer was not valid HTTP" },
} as const;

const errorResponses: { readonly [Kind in RejectionKind]: (rejection: RejectionOf<Kind>) => GatewayError } = {
  malformed: ({ detail }) => ({ status: 400, code: "bad_request", message: `Malformed request: ${detail}` }),
  forbidden: () => ({ status: 403, code: "forbidden", message: "API key not authorized" }),
  "unknown-route": (rejection) => ({ status: 404, code: "not_found", message: unknownRoute(rejection) }),
  method: ({ method }) => ({
    status: 405,
    code: "method_not_allowed",
    message: `Method ${method} is not allowed here`,
  }),
  "body-too-large": ({ maxBytes }) => ({
    status: 413,
    code: "payload_too_large",
    message: `The request body is larger than ${maxBytes} bytes (server.max_body_megabytes)`,
  }),
  // The message does not repeat the client's value, which may be a secret.
  expectation: () => ({
    status: 417,
    code: "expectation_failed",
    message: "The only expectation understood is 100-continue",
  }),
  "head-too-large": ({ detail }) => ({
    status: 431,
    code: "headers_too_large",
    message: `Request head too large: ${detail}`,
  }),
  version: ({ detail }) => ({
    status: 505,
    code: "version_not_supported",
    message: `HTTP version not supported: ${detail}`,
  }),
  draining: () => ({ status: 503, code: "draining", message: "LMGate is shutting down; try again" }),
  upstream: ({ fault }) => ({ code: fault, ...upstreamErrors[fault] }),
};

export function gatewayError(rejection: Rejection): GatewayError {
  // as: the row of a kind takes the rejection of that kind, which TypeScript does not follow through the index.
  const row = errorResponses[rejection.kind] as (rejection: Rejection) => GatewayError;
  return row(rejection);
}

function unknownRoute({ prefixes, suggestion }: RejectionOf<"unknown-route">): string {
  const known = `Unknown path; the configured prefixes are ${prefixes.join(", ")}`;
  return suggestion === undefined ? known : `${known}. Did you mean ${suggestion}?`;
}

const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  413: "Content Too Large",
  417: "Expectation Failed",
  431: "Request Header Fields Too Large",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
};

export function errorBody(error: GatewayError): string {
  return JSON.stringify({ error: error.code, message: error.message });
}

export interface EncodedResponse {
  readonly status: number;
  readonly contentType: string;
  /** ASCII or UTF-8 text. */
  readonly body: string;
  readonly errorCode: string | undefined;
  readonly close: boolean;
  /** An HTTP/1.0 client must be told that the connection stays open. */
  readonly minor: 0 | 1;
  readonly withBody: boolean;
}

/** The bytes of a complete HTTP response that LMGate sends itself. */
export function encodeResponse(response: EncodedResponse, date: string): Buffer {
  const body = Buffer.from(response.body, "utf8");
  const lines = [
    `HTTP/1.1 ${response.status} ${REASONS[response.status] ?? ""}`,
    `Content-Type: ${response.contentType}`,
    `Content-Length: ${body.length}`,
    `Date: ${date}`,
  ];
  if (response.errorCode !== undefined) lines.push(`x-lmgate-error: ${response.errorCode}`);
  if (response.status === 405) lines.push("Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  if (response.status === 503) lines.push("Retry-After: 1");
  if (response.close) lines.push("Connection: close");
  else if (response.minor === 0) lines.push("Connection: keep-alive");
  const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  return response.withBody ? Buffer.concat([head, body]) : head;
}
