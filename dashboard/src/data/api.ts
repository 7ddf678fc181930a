import type { Problem, SessionInfo } from "../../../src/admin/api/contract.ts";
import { Store } from "./store.ts";

const API = "/api/v1";

/** A failed request to the API. Status 0 means that the gateway could not be reached. */
export class ApiError extends Error {
  readonly status: number;
  readonly problem: Problem | undefined;

  constructor(status: number, problem: Problem | undefined) {
    super(
      problem?.detail ??
        (status === 0 ? "Could not reach the gateway." : `The gateway responded with status ${status}.`),
    );
    this.status = status;
    this.problem = problem;
  }
}

/** `undefined` until the gateway has responded. */
export const session = new Store<SessionInfo | undefined>(undefined);
/** When the gateway last responded; the banner for stale data uses it. */
export const lastResponse = new Store<number>(Date.now());

interface RequestOptions {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** Sends one request; resolves to the parsed response, or to `undefined` if it has no content. */
async function request(path: string, { method = "GET", body, signal }: RequestOptions): Promise<unknown> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (method !== "GET") headers["x-lmgate-csrf"] = session.value?.csrf ?? "";
  const response = await fetch(API + path, {
    method,
    headers,
    credentials: "same-origin",
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new ApiError(0, undefined);
  });
  if (!response.ok) throw await failure(response, path);
  lastResponse.set(Date.now());
  if (response.status === 204) return undefined;
  return response.json();
}

async function failure(response: Response, path: string): Promise<ApiError> {
  // An expired session shows the sign-in page; a wrong token at sign-in does not.
  if (response.status === 401 && path !== "/session") session.set({ signedIn: false, csrf: null });
  const isProblem = response.headers.get("content-type")?.startsWith("application/problem+json") === true;
  // Not validated: gateway and dashboard are released together.
  const problem = isProblem ? ((await response.json().catch(() => undefined)) as Problem | undefined) : undefined;
  return new ApiError(response.status, problem);
}

interface SharedRequest {
  readonly response: Promise<unknown>;
  readonly controller: AbortController;
  users: number;
}

const running = new Map<string, SharedRequest>();

/** Panels that request the same path at once share one request, which is aborted when the last of them is gone. */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const shared = running.get(path) ?? begin(path);
  shared.users++;
  const leave = (): void => {
    shared.users--;
    // A refreshed panel requests the same path right away and takes the request over.
    setTimeout(() => shared.users === 0 && shared.controller.abort());
  };
  signal?.addEventListener("abort", leave, { once: true });
  try {
    return (await shared.response) as T; // the contract defines the response of each path
  } finally {
    signal?.removeEventListener("abort", leave);
  }
}

function begin(path: string): SharedRequest {
  const controller = new AbortController();
  const forget = (): void => {
    if (running.get(path) === shared) running.delete(path);
  };
  controller.signal.addEventListener("abort", forget);
  const response = request(path, { signal: controller.signal }).finally(forget);
  const shared: SharedRequest = { response, controller, users: 0 };
  running.set(path, shared);
  return shared;
}

export async function send<T>(method: NonNullable<RequestOptions["method"]>, path: string, body?: unknown): Promise<T> {
  return (await request(path, { method, body })) as T; // the contract defines the response of each path
}

export async function openSession(): Promise<void> {
  const token = takeTokenFromAddress();
  if (
    token !== undefined &&
    (await signIn(token).then(
      () => true,
      () => false,
    ))
  )
    return;
  session.set(await get<SessionInfo>("/session"));
}

export async function signIn(token: string): Promise<void> {
  session.set(await send<SessionInfo>("POST", "/session", { token }));
}

export async function signOut(): Promise<void> {
  await send("DELETE", "/session");
  session.set({ signedIn: false, csrf: null });
}

/** Reads the token from `/ui/#token=…` and removes it from the address bar and the history first. */
function takeTokenFromAddress(): string | undefined {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token === null) return undefined;
  history.replaceState(null, "", location.pathname + location.search);
  return token;
}
