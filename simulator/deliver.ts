import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

import type { Answer, Frame } from "./response.ts";
import type { Ending, OpenCall } from "./request-log.ts";
import type { Directions } from "./directions.ts";
import { encodeWhole, StreamEncoder } from "./content-encoding.ts";

export interface Delivery {
  readonly answer: Answer;
  readonly directions: Directions;
  readonly response: ServerResponse;
  readonly call: OpenCall;
  readonly headers: Readonly<Record<string, string>>;
}

/** Writes an answer at the directed pace and with the directed faults, and tells the ledger what got out. */
export async function deliver(delivery: Delivery): Promise<void> {
  const { response, call, directions } = delivery;
  const gone = new AbortController();
  response.once("close", () => {
    gone.abort();
    call.end("aborted"); // Has no effect on a call that has ended in another way before.
  });
  response.once("finish", () => call.end("complete"));
  try {
    if (directions.wait) await delay(directions.wait, undefined, { signal: gone.signal });
    if (delivery.answer.stream) await deliverStream(delivery, gone.signal);
    else deliverWhole(delivery);
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  }
}

function deliverWhole({ answer, directions, response, call, headers }: Delivery): void {
  const [frame = { text: "" }] = answer.frames;
  const encoding = directions.encoding ?? "identity";
  const body = encodeWhole(frame.text, encoding);
  response.writeHead(answer.status, {
    ...headers,
    ...answer.headers,
    ...(encoding !== "identity" && { "content-encoding": encoding }),
    "content-length": body.length,
  });
  if (directions.cut !== undefined) {
    const half = body.subarray(0, body.length / 2);
    call.wrote(half);
    response.write(half);
    breakConnection(response, call, "cut");
    return;
  }
  call.tell(frame.tells ?? {});
  call.wrote(body);
  response.end(body);
}

async function deliverStream(delivery: Delivery, gone: AbortSignal): Promise<void> {
  const { answer, directions, response, call, headers } = delivery;
  const encoding = directions.encoding ?? "identity";
  response.writeHead(answer.status, {
    ...headers,
    ...answer.headers,
    ...(encoding !== "identity" && { "content-encoding": encoding }),
  });
  response.flushHeaders();
  const encoder = encoding === "identity" ? undefined : new StreamEncoder(encoding);
  const write = async (text: string): Promise<void> => {
    const bytes = encoder ? await encoder.encode(text) : text;
    call.wrote(bytes);
    if (!response.write(bytes)) await once(response, "drain", { signal: gone });
  };

  let content = 0;
  for (const frame of answer.frames) {
    if (gone.aborted) return;
    if (frame.content) {
      if (content === directions.cut) return breakConnection(response, call, "cut");
      if (content === directions.fail) {
        await write(answer.errorFrame(content));
        call.end("failed");
        return finish(response, encoder, call);
      }
      if (directions.delay) await delay(directions.delay, undefined, { signal: gone });
      content += 1;
    }
    await write(frame.text);
    noteCounters(call, frame);
  }
  await finish(response, encoder, call);
}

function noteCounters(call: OpenCall, frame: Frame): void {
  if (frame.tells) call.tell(frame.tells);
}

async function finish(response: ServerResponse, encoder: StreamEncoder | undefined, call: OpenCall): Promise<void> {
  const rest = await encoder?.finish();
  if (rest !== undefined) call.wrote(rest);
  response.end(rest);
}

/** What was written still goes out; then the connection ends where the framing promised more. */
function breakConnection(response: ServerResponse, call: OpenCall, ending: Ending): void {
  call.end(ending);
  response.socket?.destroySoon();
}
