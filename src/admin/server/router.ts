import type { HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { getCookie } from "hono/cookie";
import type * as z from "zod";
import { type Authenticator, type RequestIdentity, hasCredential } from "./authenticator.ts";
import { ApiError, problem, type InvalidField } from "./problem.ts";
import type { Access, ApiRequest, Route } from "./api-route.ts";

type Bindings = { Bindings: HttpBindings };
type AdminContext = Context<Bindings>;

export interface RouterOptions {
  readonly routes: readonly Route[];
  readonly authenticator: Authenticator;
  readonly sessionCookie: string;
  /** A page of the dashboard; `undefined` if the path is none. */
  readonly pages: (path: string) => Promise<Response | undefined>;
  readonly onError: (error: unknown) => void;
}

const MAX_BODY_BYTES = 16 * 1024 * 1024;
/** For routes without a credential. */
const MAX_PUBLIC_BODY_BYTES = 16 * 1024;
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD"]);

/**
 * Serves the table of routes. Access check and handler belong to the same row, so no spelling of a path can pass the check
 * of one route and reach the handler of another.
 */
export function buildRouter(options: RouterOptions): Hono<Bindings> {
  const { routes, authenticator } = options;
  const app = new Hono<Bindings>();
  for (const row of routes) {
    app.on(row.method.toUpperCase(), row.path.replaceAll(/\{(\w+)\}/g, ":$1"), async (context) => {
      const identity = identityOf(context, options.sessionCookie);
      const rejection = check(authenticator, row.access, identity);
      if (rejection !== undefined) return rejection;
      const signedOut = authenticator.signedOut(identity);
      const { signal } = context.req.raw;
      return respond(row, context, identity, signedOut === undefined ? signal : AbortSignal.any([signal, signedOut]));
    });
  }
  for (const path of ["/ui", "/ui/*"]) {
    app.get(path, async (context, next) => {
      const rejection = authenticator.checkPublic(identityOf(context, options.sessionCookie));
      if (rejection !== undefined) return rejection;
      return (await options.pages(context.req.path)) ?? (await next());
    });
  }
  // Clients without a credential must not learn which paths exist.
  app.all("*", (context) => {
    const rejection = authenticator.checkAuthenticated(identityOf(context, options.sessionCookie));
    return rejection ?? problem(404, "Path not found. See /openapi.json for all paths.");
  });
  app.onError((error) => {
    if (error instanceof ApiError) return error.response;
    options.onError(error);
    return problem(500, "The request failed. See the log for the reason.");
  });
  return app;
}

function check(authenticator: Authenticator, access: Access, identity: RequestIdentity): Response | undefined {
  switch (access) {
    case "public":
      return authenticator.checkPublic(identity);
    case "loopback":
      return authenticator.checkLoopback(identity);
    case "authenticated":
      return authenticator.checkAuthenticated(identity);
  }
}

function identityOf(context: AdminContext, sessionCookie: string): RequestIdentity {
  const { incoming } = context.env;
  return {
    address: incoming.socket.remoteAddress ?? "",
    host: incoming.headers.host ?? "",
    authorization: incoming.headers.authorization,
    session: getCookie(context, sessionCookie),
    changes: !SAFE_METHODS.has(context.req.method),
    csrf: context.req.header("x-lmgate-csrf"),
    origin: incoming.headers.origin,
    fetchSite: context.req.header("sec-fetch-site"),
  };
}

function acceptsHtml(context: AdminContext): boolean {
  return context.req.header("accept")?.includes("text/html") === true;
}

async function respond(
  row: Route,
  context: AdminContext,
  identity: RequestIdentity,
  signal: AbortSignal,
): Promise<Response> {
  const request: ApiRequest = {
    query: new URL(context.req.url).searchParams,
    parameter: (name) => context.req.param(name) ?? "",
    body: row.body === undefined ? undefined : await readBody(row, row.body, context),
    identity,
    acceptsHtml: acceptsHtml(context),
    // Public routes do not check credentials.
    isAuthenticated: row.access !== "public" && hasCredential(identity),
    signal,
  };
  const result = await row.run(request);
  if (result instanceof Response) {
    // The response to a HEAD has no body; without this, its stream would never end.
    if (context.req.method === "HEAD") await result.body?.cancel();
    return result;
  }
  return result === undefined ? context.body(null, 204) : context.json(result);
}

/** Accepts only JSON, which a form on another site cannot send (the same-origin policy, RFC 6454, does not cover forms). */
async function readBody({ access }: Route, schema: z.ZodType, context: AdminContext): Promise<unknown> {
  const type = context.req.header("content-type")?.split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/json") throw new ApiError(415, "The Content-Type must be application/json.");
  const text = await readText(context, access === "public" ? MAX_PUBLIC_BODY_BYTES : MAX_BODY_BYTES);
  const checked = schema.safeParse(parseJson(text));
  if (checked.success) return checked.data;
  throw new ApiError(422, "The body is invalid.", checked.error.issues.map(toInvalidField));
}

/** Counts the bytes as they arrive, because a chunked body does not declare its length. */
async function readText({ env: { incoming } }: AdminContext, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
    const bytes = chunk as Buffer; // as: no encoding is set
    length += bytes.length;
    if (length > maxBytes) throw new ApiError(413, `The body exceeds the limit of ${maxBytes} bytes.`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError(400, "The body is not valid JSON.");
  }
}

function toInvalidField({ path, message }: z.core.$ZodIssue): InvalidField {
  return { where: path.join(".") || "body", message };
}
