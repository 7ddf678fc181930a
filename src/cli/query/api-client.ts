import { text as readText } from "node:stream/consumers";
import { type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { Readable } from "node:stream";

/** A gateway's admin listener, as a command reaches it. */
export interface ApiAddress {
  readonly url: string;
  readonly token: string;
}

/** The gateway is not there, or not to be reached. */
export class GatewayUnreachable extends Error {}

/** It is there and refused; `status` is what it answered. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Sends one request; the answer's head is there when this resolves. Rejects for answers that are errors. */
export async function requestApi(
  { url, token }: ApiAddress,
  path: string,
  { method = "GET", body, signal }: { method?: string; body?: unknown; signal?: AbortSignal | undefined } = {},
): Promise<IncomingMessage> {
  // Below a path of its own, where a proxy puts it.
  const target = new URL((url.endsWith("/") ? url.slice(0, -1) : url) + path);
  const send = target.protocol === "https:" ? httpsRequest : httpRequest;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    };
    const sent = send(target, { method, headers, agent: false, ...(signal === undefined ? {} : { signal }) }, resolve);
    sent.on("error", (error: NodeJS.ErrnoException) => {
      reject(
        signal?.aborted === true ? error : new GatewayUnreachable(`${target.origin}: ${error.code ?? error.message}`),
      );
    });
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
  if (answer.statusCode !== undefined && answer.statusCode < 300) return answer;
  throw new ApiError(answer.statusCode ?? 0, problemText(await readText(answer), answer.statusCode));
}

export async function requestApiJson(
  address: ApiAddress,
  path: string,
  options: Parameters<typeof requestApi>[2] = {},
): Promise<unknown> {
  return JSON.parse(await readText(await requestApi(address, path, options)));
}

export async function* requestApiBytes(address: ApiAddress, path: string): AsyncGenerator<Uint8Array> {
  for await (const bytes of Readable.from(await requestApi(address, path))) yield bytes as Uint8Array; // a socket's chunks
}

/** The sentences of a problem+json answer. */
function problemText(text: string, status: number | undefined): string {
  try {
    const problem: unknown = JSON.parse(text);
    if (typeof problem !== "object" || problem === null || !("detail" in problem)) throw new Error("no problem");
    const errors = "errors" in problem && Array.isArray(problem.errors) ? (problem.errors as readonly unknown[]) : [];
    const wrongs = errors.map((wrong) => {
      if (typeof wrong !== "object" || wrong === null || !("where" in wrong) || !("message" in wrong)) return "";
      return `\n  ${String(wrong.where)}: ${String(wrong.message)}`;
    });
    return String(problem.detail) + wrongs.join("");
  } catch {
    return `the gateway answered ${status}`;
  }
}
