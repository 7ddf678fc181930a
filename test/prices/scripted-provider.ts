/** A provider that answers each call with what the test put there for its path; the same answer as often as it is asked. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface Answer {
  readonly body: unknown;
  readonly status?: number;
  /** Sent as an event stream instead, one event each; `cut` destroys the connection after the last. */
  readonly events?: readonly unknown[];
  readonly cut?: boolean;
}

export interface ScriptedProvider {
  readonly url: string;
  /** By method and path without the query: `POST /v1/responses`. */
  answer(call: string, answer: Answer | unknown): void;
  stop(): Promise<void>;
}

export async function startScriptedProvider(): Promise<ScriptedProvider> {
  const answers = new Map<string, Answer>();
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
    answer: (call, answer) => void answers.set(call, isAnswer(answer) ? answer : { body: answer }),
    stop: () => stop(server),
  };
}

function isAnswer(value: unknown): value is Answer {
  return typeof value === "object" && value !== null && ("body" in value || "events" in value);
}

async function stop(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, "close");
}
