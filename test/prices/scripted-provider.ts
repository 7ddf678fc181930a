/** A provider that returns the response which the test has set for a method and path, as often as it is requested. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

interface ResponseOptions {
  readonly status?: number;
  /** Sends an event stream of these instead; `cut` destroys the connection after the last event. */
  readonly events?: readonly unknown[];
  readonly cut?: boolean;
}

export interface ScriptedProvider {
  readonly url: string;
  /** Sets the response for a method and a path without query, such as `POST /v1/responses`. */
  respondWith(request: string, body: unknown, options?: ResponseOptions): void;
  stop(): Promise<void>;
}

export async function startScriptedProvider(): Promise<ScriptedProvider> {
  const responses = new Map<string, ResponseOptions & { readonly body: unknown }>();
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      const {
        status = 200,
        body,
        events,
        cut,
      } = responses.get(`${request.method} ${request.url?.split("?", 1)[0]}`) ?? {
        status: 404,
        body: { error: { message: "nothing here" } },
      };
      response.writeHead(status, { "content-type": events ? "text/event-stream" : "application/json" });
      if (events === undefined) return response.end(JSON.stringify(body));
      for (const event of events) response.write(`data: ${JSON.stringify(event)}\n\n`);
      return cut ? setImmediate(() => response.destroy()) : response.end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // as: it listens on a host and a port
    respondWith: (request, body, options = {}) => void responses.set(request, { ...options, body }),
    stop: () => stop(server),
  };
}

async function stop(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, "close");
}
