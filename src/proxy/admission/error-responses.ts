import type { Rejection } from "../../core/request/rejection.ts";

/** An answer LMGate gives itself. */
export interface GatewayError {
  readonly status: number;
  /** Also the value of `x-lmgate-error`. */
  readonly code: string;
  readonly message: string;
}

const UPSTREAM_ANSWERS = {
  upstream_unreachable: { status: 502, message: "The provider could not be reached" },
  upstream_timeout: { status: 504, message: "The provider did not answer in time" },
  upstream_reset: { status: 502, message: "The provider closed the connection before it answered" },
  upstream_invalid: { status: 502, message: "The provider's answer was not valid HTTP" },
} as const;

/** The one table of refusals: status, code and message of everything LMGate says itself. */
export function refuse(refusal: Rejection): GatewayError {
  switch (refusal.kind) {
    case "malformed":
      return { status: 400, code: "bad_request", message: `Malformed request: ${refusal.detail}` };
    case "forbidden":
      return { status: 403, code: "forbidden", message: "API key not authorized" };
    case "unknown-route":
      return { status: 404, code: "not_found", message: unknownRoute(refusal.prefixes, refusal.suggestion) };
    case "method":
      return { status: 405, code: "method_not_allowed", message: `Method ${refusal.method} is not allowed here` };
    case "body-too-large":
      return {
        status: 413,
        code: "payload_too_large",
        message: `The request body is larger than ${refusal.maxBytes} bytes (server.max_body_megabytes)`,
      };
    case "expectation":
      return { status: 417, code: "expectation_failed", message: "The only expectation understood is 100-continue" };
    case "head-too-large":
      return { status: 431, code: "headers_too_large", message: `Request head too large: ${refusal.detail}` };
    case "version":
      return { status: 505, code: "version_not_supported", message: `HTTP version not supported: ${refusal.detail}` };
    case "draining":
      return { status: 503, code: "draining", message: "LMGate is shutting down; try again" };
    case "upstream":
      return { code: refusal.fault, ...UPSTREAM_ANSWERS[refusal.fault] };
  }
}

function unknownRoute(prefixes: readonly string[], suggestion: string | undefined): string {
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

/** The body of a refusal; its bytes are part of the contract. */
export function errorBody(answer: GatewayError): string {
  return JSON.stringify({ error: answer.code, message: answer.message });
}

export interface EncodedResponse {
  readonly status: number;
  readonly contentType: string;
  /** ASCII or UTF-8 text. */
  readonly body: string;
  readonly errorCode: string | undefined;
  readonly close: boolean;
  /** HTTP/1.0 clients must be told that the connection stays. */
  readonly minor: 0 | 1;
  readonly withBody: boolean;
}

/** A complete HTTP response of our own, as bytes. */
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
