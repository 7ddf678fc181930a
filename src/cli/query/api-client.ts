import { text as readText } from "node:stream/consumers";
import { type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { Readable } from "node:stream";

/** The URL of a gateway's admin listener, and the token for it. */
export interface ApiAddress {
  readonly url: string;
  readonly token: string;
}

/** The connection to the gateway failed. */
export class GatewayUnreachable extends Error {}

/** The gateway responded with an error status. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Sends one request. Resolves once the head of a successful response has arrived; rejects with `ApiError` for an error
 * response and with `GatewayUnreachable` if the connection fails.
 */
export async function requestApi(
  { url, token }: ApiAddress,
  path: string,
  { method = "GET", body, signal }: { method?: string; body?: unknown; signal?: AbortSignal | undefined } = {},
): Promise<IncomingMessage> {
  // Concatenated, not resolved: behind a reverse proxy the URL may have a path.
  const target = new URL((url.endsWith("/") ? url.slice(0, -1) : url) + path);
  const send = target.protocol === "https:" ? httpsRequest : httpRequest;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    };
    const request = send(
      target,
      { method, headers, agent: false, ...(signal === undefined ? {} : { signal }) },
      resolve,
    );
    request.on("error", (error: NodeJS.ErrnoException) => {
      reject(
        signal?.aborted === true ? error : new GatewayUnreachable(`${target.origin}: ${error.code ?? error.message}`),
      );
    });
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
  if (response.statusCode !== undefined && response.statusCode < 300) return response;
  throw new ApiError(response.statusCode ?? 0, problemText(await readText(response), response.statusCode));
}

export async function requestApiJson(
  address: ApiAddress,
  path: string,
  options: Parameters<typeof requestApi>[2] = {},
): Promise<unknown> {
  return JSON.parse(await readText(await requestApi(address, path, options)));
}

export async function* requestApiBytes(address: ApiAddress, path: string): AsyncGenerator<Uint8Array> {
  for await (const bytes of Readable.from(await requestApi(address, path))) yield bytes as Uint8Array; // as: the stream has no encoding
}

/** The detail and the errors of a problem+json response, as text. */
function problemText(text: string, status: number | undefined): string {
  try {
    const problem: unknown = JSON.parse(text);
    if (typeof problem !== "object" || problem === null || !("detail" in problem))
      throw new Error("not a problem document");
    const errors = "errors" in problem && Array.isArray(problem.errors) ? (problem.errors as readonly unknown[]) : [];
    const lines = errors.map((issue) => {
      if (typeof issue !== "object" || issue === null || !("where" in issue) || !("message" in issue)) return "";
      return `\n  ${String(issue.where)}: ${String(issue.message)}`;
    });
    return String(problem.detail) + lines.join("");
  } catch {
    return `the gateway responded with status ${status}`;
  }
}
