import type { Problem, SessionInfo } from "../../../src/admin/api/contract.ts";
import { Store } from "./store.ts";

const API = "/api/v1";

/** What came instead of an answer. Status 0: the gateway was not reached. */
export class ApiError extends Error {
  readonly status: number;
  readonly problem: Problem | undefined;

  constructor(status: number, problem: Problem | undefined) {
    super(problem?.detail ?? (status === 0 ? "The gateway cannot be reached." : `The gateway answered ${status}.`));
    this.status = status;
    this.problem = problem;
  }
}

/** `undefined` until the gateway has been asked. */
export const session = new Store<SessionInfo | undefined>(undefined);
/** When the gateway last gave an answer; the banner for stale data looks at it. */
export const lastAnswer = new Store<number>(Date.now());

interface Sent {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** One request; resolves to the parsed answer, `undefined` where there is no content. */
async function request(path: string, { method = "GET", body, signal }: Sent): Promise<unknown> {
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
  lastAnswer.set(Date.now());
  if (response.status === 204) return undefined;
  return response.json();
}

async function failure(response: Response, path: string): Promise<ApiError> {
  // A session that ended shows the sign-in page, whatever was asked; a wrong token at the sign-in does not.
  if (response.status === 401 && path !== "/session") session.set({ signedIn: false, csrf: null });
  const isProblem = response.headers.get("content-type")?.startsWith("application/problem+json") === true;
  // Believed as the contract has it: both ends are released together.
  const problem = isProblem ? ((await response.json().catch(() => undefined)) as Problem | undefined) : undefined;
  return new ApiError(response.status, problem);
}

interface Shared {
  readonly answer: Promise<unknown>;
  readonly controller: AbortController;
  users: number;
}

const underWay = new Map<string, Shared>();

/** Panels that ask for the same at once share one request, which is given up when the last of them has gone. */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const shared = underWay.get(path) ?? begin(path);
  shared.users++;
  const leave = (): void => {
    shared.users--;
    // Whoever asks for the same in the same breath, as a refreshed panel does, takes the request over.
    setTimeout(() => shared.users === 0 && shared.controller.abort());
  };
  signal?.addEventListener("abort", leave, { once: true });
  try {
    return (await shared.answer) as T; // the contract says what each path answers
  } finally {
    signal?.removeEventListener("abort", leave);
  }
}

function begin(path: string): Shared {
  const controller = new AbortController();
  const forget = (): void => {
    if (underWay.get(path) === shared) underWay.delete(path);
  };
  controller.signal.addEventListener("abort", forget);
  const answer = request(path, { signal: controller.signal }).finally(forget);
  const shared: Shared = { answer, controller, users: 0 };
  underWay.set(path, shared);
  return shared;
}

export async function send<T>(method: NonNullable<Sent["method"]>, path: string, body?: unknown): Promise<T> {
  return (await request(path, { method, body })) as T; // the contract says what each path answers
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

/** From `/ui/#token=…`. It leaves the address bar and the history before anything else happens. */
function takeTokenFromAddress(): string | undefined {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token === null) return undefined;
  history.replaceState(null, "", location.pathname + location.search);
  return token;
}
