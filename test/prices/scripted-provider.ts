/** A provider that answers each call with what the test put there for its path; the same answer as often as it is asked. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

interface Manner {
  readonly status?: number;
  /** Sent as an event stream instead, one event each; `cut` destroys the connection after the last. */
  readonly events?: readonly unknown[];
  readonly cut?: boolean;
}

export interface ScriptedProvider {
  readonly url: string;
  /** By method and path without the query: `POST /v1/responses`. */
  answer(call: string, body: unknown, manner?: Manner): void;
  stop(): Promise<void>;
}

export async function startScriptedProvider(): Promise<ScriptedProvider> {
  const answers = new Map<string, Manner & { readonly body: unknown }>();
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      const {
        status = 200,
        body,
        events,
        cut,
      } = answers.get(`${request.method} ${request.url?.split("?", 1)[0]}`) ?? {
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
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // listening on a host and a port
    answer: (call, body, manner = {}) => void answers.set(call, { ...manner, body }),
    stop: () => stop(server),
  };
}

async function stop(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, "close");
}
