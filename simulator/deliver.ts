import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

import type { SimulatedResponse, Frame } from "./response.ts";
import type { Ending, OpenEntry } from "./request-log.ts";
import type { Directions } from "./directions.ts";
import { encodeWhole, StreamEncoder } from "./content-encoding.ts";

export interface Delivery {
  readonly planned: SimulatedResponse;
  readonly directions: Directions;
  readonly response: ServerResponse;
  readonly entry: OpenEntry;
  readonly headers: Readonly<Record<string, string>>;
}

/** Writes a response at the directed pace and with the directed failures, and logs the counters that were written. */
export async function deliver(delivery: Delivery): Promise<void> {
  const { response, entry, directions } = delivery;
  const closed = new AbortController();
  response.once("close", () => {
    closed.abort();
    entry.end("aborted"); // Has no effect if the request has already ended.
  });
  response.once("finish", () => entry.end("complete"));
  try {
    if (directions.wait) await delay(directions.wait, undefined, { signal: closed.signal });
    if (delivery.planned.stream) await deliverStream(delivery, closed.signal);
    else deliverWhole(delivery);
  } catch (error) {
    if (!closed.signal.aborted) throw error;
  }
}

function deliverWhole({ planned, directions, response, entry, headers }: Delivery): void {
  const [frame = { text: "" }] = planned.frames;
  const encoding = directions.encoding ?? "identity";
  const body = encodeWhole(frame.text, encoding);
  response.writeHead(planned.status, {
    ...headers,
    ...planned.headers,
    ...(encoding !== "identity" && { "content-encoding": encoding }),
    "content-length": body.length,
  });
  if (directions.cut !== undefined) {
    const half = body.subarray(0, body.length / 2);
    entry.wrote(half);
    response.write(half);
    breakConnection(response, entry, "cut");
    return;
  }
  entry.count(frame.counters ?? {});
  entry.wrote(body);
  response.end(body);
}

async function deliverStream(delivery: Delivery, closed: AbortSignal): Promise<void> {
  const { planned, directions, response, entry, headers } = delivery;
  const encoding = directions.encoding ?? "identity";
  response.writeHead(planned.status, {
    ...headers,
    ...planned.headers,
    ...(encoding !== "identity" && { "content-encoding": encoding }),
  });
  response.flushHeaders();
  const encoder = encoding === "identity" ? undefined : new StreamEncoder(encoding);
  const write = async (text: string): Promise<void> => {
    const bytes = encoder ? await encoder.encode(text) : text;
    entry.wrote(bytes);
    if (!response.write(bytes)) await once(response, "drain", { signal: closed });
  };

  let content = 0;
  for (const frame of planned.frames) {
    if (closed.aborted) return;
    if (frame.content) {
      if (content === directions.cut) return breakConnection(response, entry, "cut");
      if (content === directions.fail) {
        await write(planned.errorFrame(content));
        entry.end("failed");
        return finish(response, encoder, entry);
      }
      if (directions.delay) await delay(directions.delay, undefined, { signal: closed });
      content += 1;
    }
    await write(frame.text);
    countFrame(entry, frame);
  }
  await finish(response, encoder, entry);
}

function countFrame(entry: OpenEntry, frame: Frame): void {
  if (frame.counters) entry.count(frame.counters);
}

async function finish(response: ServerResponse, encoder: StreamEncoder | undefined, entry: OpenEntry): Promise<void> {
  const rest = await encoder?.finish();
  if (rest !== undefined) entry.wrote(rest);
  response.end(rest);
}

/** Sends what was written and then closes the connection before the end of the body. */
function breakConnection(response: ServerResponse, entry: OpenEntry, ending: Ending): void {
  entry.end(ending);
  response.socket?.destroySoon();
}
