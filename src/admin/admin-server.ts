// The operator's listener: health, metrics, status. It shares nothing with the client port, neither socket nor
// credential, and answers from what the main thread already knows. It sets no CORS header and reads no cookie.
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type HttpBindings, getRequestListener } from "@hono/node-server";
import { type Context, Hono } from "hono";
import type { GateStatus } from "../core/status.ts";
import { Gatekeeper, type Visitor } from "./gatekeeper.ts";
import { hostName, isLoopbackAddress } from "./host.ts";
import type { Metrics } from "./metrics.ts";
import { problem, problemBody, problemType } from "./problem.ts";

export interface AdminOptions {
  readonly host: string;
  readonly port: number;
  readonly token: string;
  readonly status: () => GateStatus;
  readonly metrics: Metrics;
  /** Closes the stats file that is written now; the name it got, or `undefined` where there was nothing to close. */
  readonly rotateLedger: () => Promise<string | undefined>;
  readonly log: AdminLog;
  /** Milliseconds on a clock that never goes back. */
  readonly now?: () => number;
}

/** What is needed of a logger; pino's is one. */
export interface AdminLog {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface AdminServer {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

type AdminContext = Context<{ Bindings: HttpBindings }>;
type Check = (visitor: Visitor) => Response | undefined;
type Answer = (context: AdminContext) => Response | Promise<Response>;

const routes = ["/healthz", "/metrics", "/api/v1/status", "/api/v1/ledger/rotate"] as const;

/** `cache-control` and the rest on every answer, so that no page, cache or frame keeps or shows one. */
const answerHeaders: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

export async function startAdmin(options: AdminOptions): Promise<AdminServer> {
  const server = createServer({ maxHeaderSize: 16_384, requestTimeout: 10_000, headersTimeout: 10_000 });
  // Scrapers and operators are few; a flood must not take the descriptors that calls need.
  server.maxConnections = 256;
  const { address, port } = await listen(server, options);
  const gatekeeper = new Gatekeeper({
    token: options.token,
    boundHost: options.host,
    onLoopback: isLoopbackAddress(address),
    now: options.now ?? (() => performance.now()),
    guessing: (client) => options.log.warn({ client }, "wrong admin tokens from this address; slowing it down"),
  });
  server.on("error", (error) => options.log.error({ err: error }, "admin listener failed"));
  server.on("request", refuseBadHost(requestListener(options, gatekeeper)));
  return { host: address, port, close: () => close(server) };
}

function listen(server: Server, { host, port }: AdminOptions): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      reject(new Error(`admin listener cannot use ${host}:${port}: ${error.message}`, { cause: error }));
    };
    server.once("error", fail);
    server.listen({ host, port }, () => {
      server.off("error", fail);
      resolve(server.address() as AddressInfo); // a listening TCP server has an address, never a pipe's name
    });
  });
}

function requestListener(options: AdminOptions, gatekeeper: Gatekeeper): NodeListener {
  const app = new Hono<{ Bindings: HttpBindings }>();
  const open: Check = (visitor) => gatekeeper.checkOpen(visitor);
  const local: Check = (visitor) => gatekeeper.checkLocal(visitor);
  const closed: Check = (visitor) => gatekeeper.checkToken(visitor);

  app.get(
    "/",
    guarded(open, (context) => context.json({ name: "lmgate admin", routes })),
  );
  app.get(
    "/healthz",
    guarded(open, (context) => context.text("ok")),
  );
  app.get(
    "/metrics",
    guarded(local, async (context) => {
      // On loopback anyone may scrape; who called is for those with the token, which `local` has checked if there is one.
      const isTrusted = context.req.header("authorization") !== undefined;
      const text = await (isTrusted ? options.metrics.text() : options.metrics.anonymousText());
      return context.body(text, 200, { "content-type": options.metrics.contentType });
    }),
  );
  app.get(
    "/api/v1/status",
    guarded(local, (context) => context.json(options.status())),
  );
  app.post(
    "/api/v1/ledger/rotate",
    guarded(closed, async (context) => context.json({ segment: (await options.rotateLedger()) ?? null })),
  );
  // Whoever has no token does not learn which paths exist.
  app.all(
    "*",
    guarded(closed, () => problem(404, `There is no such page here; there are ${routes.join(", ")}.`)),
  );
  app.onError((error) => {
    options.log.error({ err: error }, "admin request failed");
    return problem(500, "The request failed; the log says why.");
  });
  return getRequestListener(app.fetch, { overrideGlobalObjects: false });
}

type NodeListener = (request: IncomingMessage, response: ServerResponse) => unknown;

/** Check and route are one, so that no spelling of a path can be let in as one page and answered as another. */
function guarded(check: Check, answer: Answer): Answer {
  return (context) => {
    const { incoming } = context.env;
    const refusal = check({
      address: incoming.socket.remoteAddress ?? "",
      host: incoming.headers.host ?? "",
      authorization: incoming.headers.authorization,
    });
    return refusal ?? answer(context);
  };
}

/**
 * Stands before everything that builds a URL out of `Host`: with `h/#@x` in it the path that is checked and the path
 * that is served can differ (CVE-2026-48710).
 */
function refuseBadHost(next: NodeListener): NodeListener {
  return (request, response) => {
    response.setHeaders(new Map(Object.entries(answerHeaders)));
    const hosts = request.headersDistinct["host"] ?? [];
    if (hosts.length === 1 && hostName(hosts[0] ?? "") !== undefined) return next(request, response);
    response.writeHead(400, { "content-type": problemType, connection: "close" });
    return response.end(problemBody(400, "The Host header is missing, doubled or no host."));
  };
}

/** Answers take milliseconds; a client that does not read its own is cut after a second. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => server.closeAllConnections(), 1000);
    server.close(() => {
      clearTimeout(deadline);
      resolve();
    });
    server.closeIdleConnections();
  });
}
