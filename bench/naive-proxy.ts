// A straightforward proxy with node:http, undici and piped streams. It checks, counts and records nothing: it shows the
// cost of the common libraries.
//
//   node bench/naive-proxy.ts <port> <name>=<upstream> …
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { pipeline } from "node:stream";
import { Agent } from "undici";

const [portText, ...routes] = process.argv.slice(2);
const upstreams = new Map(
  routes.map((route) => {
    const at = route.indexOf("=");
    return [route.slice(0, at), route.slice(at + 1)] as const;
  }),
);
const agent = new Agent({ connections: 4_096, pipelining: 1, bodyTimeout: 0, headersTimeout: 0 });
const HOP_BY_HOP = new Set(["connection", "host", "keep-alive", "te", "transfer-encoding", "upgrade"]);

async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, name = "", path = ""] = /^\/([^/]+)(\/.*)$/.exec(request.url ?? "") ?? [];
  const origin = upstreams.get(name);
  if (origin === undefined) {
    response.writeHead(404).end();
    return;
  }
  const headers = Object.entries(request.headers).filter(([header]) => !HOP_BY_HOP.has(header));
  const hasBody = request.headers["content-length"] !== undefined || request.headers["transfer-encoding"] !== undefined;
  const upstreamResponse = await agent.request({
    origin,
    path,
    method: request.method ?? "GET",
    headers: Object.fromEntries(headers),
    ...(hasBody ? { body: request } : {}),
  });
  const kept = Object.entries(upstreamResponse.headers).filter(([header]) => !HOP_BY_HOP.has(header));
  response.writeHead(upstreamResponse.statusCode, Object.fromEntries(kept));
  pipeline(upstreamResponse.body, response, () => undefined);
}

createServer((request, response) => {
  forward(request, response).catch(() => {
    if (!response.headersSent) response.writeHead(502);
    response.end();
  });
}).listen({ port: Number(portText), host: "127.0.0.1", backlog: 4_096 });
