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
  /** What there is beside the routes: the pages. `undefined` where a path is none of them. */
  readonly pages: (path: string) => Promise<Response | undefined>;
  readonly failed: (error: unknown) => void;
}

const MAX_BODY_BYTES = 16 * 1024 * 1024;
/** Where nobody has shown a token yet. */
const MAX_OPEN_BODY_BYTES = 16 * 1024;
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD"]);

/** Answers requests by the table of routes. Check and route are one, so that no spelling of a path can be let in as one
 * page and answered as another. */
export function buildRouter(options: RouterOptions): Hono<Bindings> {
  const { routes, authenticator } = options;
  const app = new Hono<Bindings>();
  for (const row of routes) {
    app.on(row.method.toUpperCase(), row.path.replaceAll(/\{(\w+)\}/g, ":$1"), async (context) => {
      const identity = identityOf(context, options.sessionCookie);
      const rejection = check(authenticator, row.access, identity);
      if (rejection !== undefined) return rejection;
      const over = authenticator.signedOut(identity);
      const { signal } = context.req.raw;
      return answer(row, context, identity, over === undefined ? signal : AbortSignal.any([signal, over]));
    });
  }
  for (const path of ["/ui", "/ui/*"]) {
    app.get(path, async (context, next) => {
      const rejection = authenticator.checkPublic(identityOf(context, options.sessionCookie));
      if (rejection !== undefined) return rejection;
      return (await options.pages(context.req.path)) ?? (await next());
    });
  }
  // Whoever has no token does not learn which paths exist.
  app.all("*", (context) => {
    const rejection = authenticator.checkAuthenticated(identityOf(context, options.sessionCookie));
    return rejection ?? problem(404, "There is no such page here; GET /openapi.json tells what there is.");
  });
  app.onError((error) => {
    if (error instanceof ApiError) return error.response;
    options.failed(error);
    return problem(500, "The request failed; the log says why.");
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

async function answer(
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
    // What is open looks at nobody's token.
    isAuthenticated: row.access !== "public" && hasCredential(identity),
    signal,
  };
  const result = await row.run(request);
  if (result instanceof Response) {
    // Nobody would ever end what is streamed behind the answer to a HEAD.
    if (context.req.method === "HEAD") await result.body?.cancel();
    return result;
  }
  return result === undefined ? context.body(null, 204) : context.json(result);
}

/** JSON alone: it is what a form of another site cannot send (RFC 6454 leaves forms out of the same-origin rule). */
async function readBody({ access }: Route, schema: z.ZodType, context: AdminContext): Promise<unknown> {
  const type = context.req.header("content-type")?.split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/json") throw new ApiError(415, "The body must be application/json.");
  const text = await readText(context, access === "public" ? MAX_OPEN_BODY_BYTES : MAX_BODY_BYTES);
  const unwrap = schema.safeParse(parseJson(text));
  if (unwrap.success) return unwrap.data;
  throw new ApiError(422, "The body is not what this request takes.", unwrap.error.issues.map(toInvalidField));
}

/** Counted as it comes: a chunked body does not say how long it is. */
async function readText({ env: { incoming } }: AdminContext, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
    const bytes = chunk as Buffer; // nobody has set an encoding
    length += bytes.length;
    if (length > maxBytes) throw new ApiError(413, `The body is longer than ${maxBytes} bytes.`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError(400, "The body is no JSON.");
  }
}

function toInvalidField({ path, message }: z.core.$ZodIssue): InvalidField {
  return { where: path.join(".") || "body", message };
}
