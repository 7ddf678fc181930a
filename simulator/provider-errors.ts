/** Errors in each provider's format, with the types, codes and texts that their SDKs read. */
import type { SimulatedResponse, SimulatedRequest } from "./response.ts";
import type { ProviderName } from "./request-log.ts";

interface Row {
  readonly openai: { readonly type: string; readonly code: string | null };
  readonly anthropic: string;
  readonly google: string;
  readonly message: string;
}

const table: Readonly<Record<number, Row>> = {
  400: {
    openai: { type: "invalid_request_error", code: "invalid_request" },
    anthropic: "invalid_request_error",
    google: "INVALID_ARGUMENT",
    message: "The request could not be understood.",
  },
  401: {
    openai: { type: "invalid_request_error", code: "invalid_api_key" },
    anthropic: "authentication_error",
    google: "UNAUTHENTICATED",
    message: "No valid API key was provided.",
  },
  402: {
    openai: { type: "insufficient_quota", code: "insufficient_quota" },
    anthropic: "billing_error",
    google: "FAILED_PRECONDITION",
    message: "The account has no credit left.",
  },
  403: {
    openai: { type: "invalid_request_error", code: "unsupported_country_region_territory" },
    anthropic: "permission_error",
    google: "PERMISSION_DENIED",
    message: "The key has no permission for this.",
  },
  404: {
    openai: { type: "invalid_request_error", code: "model_not_found" },
    anthropic: "not_found_error",
    google: "NOT_FOUND",
    message: "There is no such model or path.",
  },
  413: {
    openai: { type: "invalid_request_error", code: "request_too_large" },
    anthropic: "request_too_large",
    google: "INVALID_ARGUMENT",
    message: "The request is too large.",
  },
  429: {
    openai: { type: "tokens", code: "rate_limit_exceeded" },
    anthropic: "rate_limit_error",
    google: "RESOURCE_EXHAUSTED",
    message: "The rate limit of this account is reached.",
  },
  500: {
    openai: { type: "server_error", code: null },
    anthropic: "api_error",
    google: "INTERNAL",
    message: "The server had an error while processing the request.",
  },
  503: {
    openai: { type: "server_error", code: "overloaded" },
    anthropic: "overloaded_error",
    google: "UNAVAILABLE",
    message: "The model is overloaded. Try again later.",
  },
  529: {
    openai: { type: "server_error", code: "overloaded" },
    anthropic: "overloaded_error",
    google: "UNAVAILABLE",
    message: "Overloaded",
  },
};

const unknownError: Row = {
  openai: { type: "server_error", code: null },
  anthropic: "api_error",
  google: "UNKNOWN",
  message: "Something went wrong.",
};

function rowFor(status: number): Row {
  return table[status] ?? unknownError;
}

export function openaiErrorBody(status: number, text?: string): object {
  const row = rowFor(status);
  return { error: { message: text ?? row.message, type: row.openai.type, param: null, code: row.openai.code } };
}

export function anthropicErrorBody(status: number, requestId: string, text?: string): object {
  const row = rowFor(status);
  return { type: "error", error: { type: row.anthropic, message: text ?? row.message }, request_id: requestId };
}

export function googleErrorBody(status: number, text?: string): object {
  const row = rowFor(status);
  const retry = { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "1s" };
  return {
    error: {
      code: status,
      message: text ?? row.message,
      status: row.google,
      ...(status === 429 && { details: [retry] }),
    },
  };
}

const bodies: Readonly<Record<ProviderName, (status: number, request: SimulatedRequest, text?: string) => unknown>> = {
  openai: (status, _request, text) => openaiErrorBody(status, text),
  anthropic: (status, request, text) => anthropicErrorBody(status, request.requestId, text),
  google: (status, request, text) => {
    const body = googleErrorBody(status, text);
    // A stream without `alt=sse` is an array, and so is its error.
    return request.path.endsWith(":streamGenerateContent") && request.query.get("alt") !== "sse" ? [body] : body;
  },
};

export function errorResponse(request: SimulatedRequest, status: number, text?: string): SimulatedResponse {
  return {
    operation: "error",
    id: request.requestId,
    model: request.model,
    status,
    headers: {
      "content-type": "application/json",
      // Official SDKs retry after a 429 or 5xx; tests should not wait for it.
      ...(status === 429 && request.provider !== "google" && { "retry-after": "0" }),
    },
    stream: false,
    frames: [{ text: JSON.stringify(bodies[request.provider](status, request, text)) }],
    errorFrame: () => "",
  };
}
