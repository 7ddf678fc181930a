// The operator's listener: health, metrics, the API and the pages. It shares nothing with the client port, neither
// socket nor credential, and sets no CORS header.
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { AdminOptions } from "./admin-options.ts";
import type { NodeListener } from "./admin-listener.ts";
import { hostName } from "./host-header.ts";
import { problemBody, problemType } from "./problem.ts";

export interface AdminServer {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Set on every response: no cache may keep it and no page of another site may frame or load it. */
const responseHeaders: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

export async function startAdmin(options: AdminOptions): Promise<AdminServer> {
  // An import of node:http also loads undici for its WebSocket client, which takes 6 MB.
  const { createServer } = process.getBuiltinModule("node:http");
  const server = createServer({ maxHeaderSize: 16_384, requestTimeout: 60_000, headersTimeout: 10_000 });
  // Scrapers and operators need few connections. A flood must not use up the file descriptors that requests need.
  server.maxConnections = 256;
  const { address, port } = await listen(server, options);
  server.on("error", (error) => options.log.error({ err: error }, "admin listener failed"));
  server.on("request", rejectBadHost(loadOnFirstRequest(options, { address, port })));
  return { host: address, port, close: () => close(server) };
}

function listen(server: Server, { host, port }: AdminOptions): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      reject(new Error(`admin listener cannot listen on ${host}:${port}: ${error.message}`, { cause: error }));
    };
    server.once("error", fail);
    server.listen({ host, port }, () => {
      server.off("error", fail);
      resolve(server.address() as AddressInfo); // as: a listening TCP server has an address, never a pipe's name
    });
  });
}

/** Loads the handler with the first request: it takes 7 MB, and many gateways never get a request here. */
function loadOnFirstRequest(
  options: AdminOptions,
  bound: { readonly address: string; readonly port: number },
): NodeListener {
  let loading: Promise<NodeListener> | undefined;
  return (request, response) => {
    loading ??= import("./admin-listener.ts").then(({ createAdminHandler }) => createAdminHandler(options, bound));
    loading.then(
      (handle) => handle(request, response),
      (error: unknown) => {
        // Without a file descriptor nothing can be loaded; the next request tries again.
        loading = undefined;
        options.log.error({ err: error }, "admin listener could not be loaded");
        response
          .writeHead(500, { "content-type": problemType })
          .end(problemBody(500, "The admin API could not be loaded. See the log for the reason."));
      },
    );
  };
}

/**
 * Checks `Host` before a URL is built from it. With `h/#@x` as host, the path that is checked and the path that is served
 * can differ (CVE-2026-48710).
 */
function rejectBadHost(next: NodeListener): NodeListener {
  return (request, response) => {
    response.setHeaders(new Map(Object.entries(responseHeaders)));
    const hosts = request.headersDistinct["host"] ?? [];
    if (hosts.length === 1 && hostName(hosts[0] ?? "") !== undefined) return next(request, response);
    response.writeHead(400, { "content-type": problemType, connection: "close" });
    return response.end(problemBody(400, "The Host header is missing, repeated or not a valid host."));
  };
}

/** Responses take milliseconds, except streams, which have no end. Connections still open after a second are closed. */
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
