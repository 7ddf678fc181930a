/** Reads server-sent events over a socket of its own, as fast or as slowly as the test wants. */
import { request, type IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import { Waiting } from "../harness/until.ts";

interface Event {
  readonly name: string;
  readonly data: unknown;
}

export interface EventReader {
  readonly events: readonly Event[];
  readonly response: IncomingMessage;
  /** Rejects if the event does not arrive. */
  until<Found>(what: string, found: (events: readonly Event[]) => Found | undefined): Promise<Found>;
  close(): void;
}

export async function readEvents(url: string, token: string): Promise<EventReader> {
  const sent = request(url, { headers: { authorization: `Bearer ${token}` }, agent: false });
  sent.end();
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.on("response", resolve).on("error", reject);
  });
  const events: Event[] = [];
  const waiting = new Waiting();
  let name = "";
  response.on("error", () => undefined); // it is cut in the end
  const lines = createInterface({ input: response });
  lines.on("error", () => undefined); // the same
  lines.on("line", (line) => {
    if (line.startsWith("event: ")) name = line.slice("event: ".length);
    if (!line.startsWith("data: ")) return;
    events.push({ name, data: JSON.parse(line.slice("data: ".length)) });
    waiting.changed();
  });
  const until: EventReader["until"] = (what, found) =>
    waiting.until(
      what,
      () => found(events),
      () => JSON.stringify(events.slice(-5)),
    );
  await until("the stream to listen", (all) => (all[0]?.name === "alive" ? true : undefined));
  return { events, response, until, close: () => void sent.destroy() };
}
