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

/** `cache-control` and the rest on every answer, so that no page, cache or frame keeps or shows one. */
const responseHeaders: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

export async function startAdmin(options: AdminOptions): Promise<AdminServer> {
  // Imported, it would bring along all of undici, for a WebSocket that nobody here opens: 6 MB.
  const { createServer } = process.getBuiltinModule("node:http");
  const server = createServer({ maxHeaderSize: 16_384, requestTimeout: 60_000, headersTimeout: 10_000 });
  // Scrapers and operators are few; a flood must not take the descriptors that calls need.
  server.maxConnections = 256;
  const { address, port } = await listen(server, options);
  server.on("error", (error) => options.log.error({ err: error }, "admin listener failed"));
  server.on("request", rejectBadHost(loadedOnFirstUse(options, { address, port })));
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

/** Loaded they take 7 MB, which many a gateway is never asked for. */
function loadedOnFirstUse(
  options: AdminOptions,
  bound: { readonly address: string; readonly port: number },
): NodeListener {
  let loading: Promise<NodeListener> | undefined;
  return (request, response) => {
    loading ??= import("./admin-listener.ts").then(({ createAdminHandler }) => createAdminHandler(options, bound));
    loading.then(
      (pages) => pages(request, response),
      (error: unknown) => {
        options.log.error({ err: error }, "admin pages could not be loaded");
        response
          .writeHead(500, { "content-type": problemType })
          .end(problemBody(500, "The pages could not be loaded."));
      },
    );
  };
}

/**
 * Stands before everything that builds a URL out of `Host`: with `h/#@x` in it the path that is checked and the path
 * that is served can differ (CVE-2026-48710).
 */
function rejectBadHost(next: NodeListener): NodeListener {
  return (request, response) => {
    response.setHeaders(new Map(Object.entries(responseHeaders)));
    const hosts = request.headersDistinct["host"] ?? [];
    if (hosts.length === 1 && hostName(hosts[0] ?? "") !== undefined) return next(request, response);
    response.writeHead(400, { "content-type": problemType, connection: "close" });
    return response.end(problemBody(400, "The Host header is missing, doubled or no host."));
  };
}

/** Answers take milliseconds but for streams, which know no end; what is still open after a second is cut. */
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
