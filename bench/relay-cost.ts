/** Measures the CPU time of relaying one event of a stream that LMGate does not parse. */
import { once } from "node:events";
import { request as sendRequest, type IncomingMessage } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { startRawUpstream } from "../test/harness/raw-upstream.ts";
import type { Request } from "../test/corpus/exchange.ts";
import { startGateway, testKey } from "../test/harness/gateway.ts";
import { cpuMicroseconds } from "./cpu-time.ts";

const STREAMS = 32;
const WARM_MS = 1_000;
const MEASURED_MS = 5_000;

/** Sends the next event only after the client has received the last one. `request` must be one without usage. */
export async function relayMicroseconds(request: Request, event: Buffer): Promise<number> {
  const upstream = await startRawUpstream();
  const url = `http://127.0.0.1:${upstream.port}`;
  const gateway = await startGateway({ config: { providers: { openai: { upstream: url } } } });
  const senders = new Map<string, () => void>();
  const chunk = Buffer.concat([Buffer.from(`${event.length.toString(16)}\r\n`), event, Buffer.from("\r\n")]);
  let stopped = false;
  let received = 0;
  upstream.respond = (socket, { startLine }) => {
    socket.setNoDelay(true);
    // A content type that no dialect parses.
    socket.write("HTTP/1.1 200 OK\r\ncontent-type: audio/pcm\r\ntransfer-encoding: chunked\r\n\r\n");
    senders.set(/n=(\d+)/.exec(startLine)?.[1] ?? "", () => void socket.write(stopped ? "0\r\n\r\n" : chunk));
  };
  const streams = Array.from({ length: STREAMS }, async (_, number) => {
    const sent = sendRequest(`${gateway.url}${request.target}?n=${number}`, {
      method: request.method,
      agent: false,
      headers: { authorization: `Bearer ${testKey.key}` },
    });
    sent.end();
    const [response] = (await once(sent, "response")) as [IncomingMessage]; // as: the event's argument
    const send = senders.get(String(number));
    response.on("data", () => {
      received += 1;
      send?.();
    });
    send?.();
    await once(response, "end");
  });
  await delay(WARM_MS);
  const [cpuBefore, receivedBefore] = [cpuMicroseconds(gateway.pid), received];
  await delay(MEASURED_MS);
  const each = (cpuMicroseconds(gateway.pid) - cpuBefore) / (received - receivedBefore);
  stopped = true;
  await Promise.all(streams);
  await gateway.stop();
  await upstream.close();
  return each;
}
