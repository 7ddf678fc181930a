import type { HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { getCookie } from "hono/cookie";
import type * as z from "zod";
import { type Authenticator, type RequestIdentity, isKnown } from "./authenticator.ts";
import { ApiError, problem, type Wrong } from "./problem.ts";
import type { Access, Call, Route } from "../api/api-route.ts";

type Bindings = { Bindings: HttpBindings };
type AdminContext = Context<Bindings>;

export interface RouterOptions {
  readonly routes: readonly Route[];
  readonly gatekeeper: Authenticator;
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
  const { routes, gatekeeper } = options;
  const app = new Hono<Bindings>();
  for (const row of routes) {
    app.on(row.method.toUpperCase(), row.path.replaceAll(/\{(\w+)\}/g, ":$1"), async (context) => {
      const visitor = visitorOf(context, options.sessionCookie);
      const refusal = check(gatekeeper, row.access, visitor);
      if (refusal !== undefined) return refusal;
      const over = gatekeeper.signedOut(visitor);
      const { signal } = context.req.raw;
      return answer(row, context, visitor, over === undefined ? signal : AbortSignal.any([signal, over]));
    });
  }
  for (const path of ["/ui", "/ui/*"]) {
    app.get(path, async (context, next) => {
      const refusal = gatekeeper.checkOpen(visitorOf(context, options.sessionCookie));
      if (refusal !== undefined) return refusal;
      return (await options.pages(context.req.path)) ?? (await next());
    });
  }
  // Whoever has no token does not learn which paths exist.
  app.all("*", (context) => {
    const refusal = gatekeeper.checkClosed(visitorOf(context, options.sessionCookie));
    return refusal ?? problem(404, "There is no such page here; GET /openapi.json tells what there is.");
  });
  app.onError((error) => {
    if (error instanceof ApiError) return error.response;
    options.failed(error);
    return problem(500, "The request failed; the log says why.");
  });
  return app;
}

function check(gatekeeper: Authenticator, access: Access, visitor: RequestIdentity): Response | undefined {
  switch (access) {
    case "open":
      return gatekeeper.checkOpen(visitor);
    case "local":
      return gatekeeper.checkLocal(visitor);
    case "closed":
      return gatekeeper.checkClosed(visitor);
  }
}

function visitorOf(context: AdminContext, sessionCookie: string): RequestIdentity {
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
  visitor: RequestIdentity,
  signal: AbortSignal,
): Promise<Response> {
  const call: Call = {
    query: new URL(context.req.url).searchParams,
    parameter: (name) => context.req.param(name) ?? "",
    body: row.body === undefined ? undefined : await readBody(row, row.body, context),
    visitor,
    acceptsHtml: acceptsHtml(context),
    // What is open looks at nobody's token.
    isTrusted: row.access !== "open" && isKnown(visitor),
    signal,
  };
  const result = await row.run(call);
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
  const text = await readText(context, access === "open" ? MAX_OPEN_BODY_BYTES : MAX_BODY_BYTES);
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new ApiError(422, "The body is not what this request takes.", parsed.error.issues.map(wrongOf));
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

function wrongOf({ path, message }: z.core.$ZodIssue): Wrong {
  return { where: path.join(".") || "body", message };
}
