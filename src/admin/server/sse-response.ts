/** Sends one event; false if the stream has ended or its reader is too slow. */
export type SendEvent = (event: string, data: unknown) => boolean;

const ALIVE_MS = 15_000;
/** Events that may wait for a slow reader. Later ones are dropped and only counted. */
const MAX_WAITING = 1000;

/** A response of server-sent events, which ends with `signal`. `listen` starts the sending and returns a function that stops it. */
export function eventStream(signal: AbortSignal, listen: (send: SendEvent) => () => void): Response {
  const encoder = new TextEncoder();
  let end = (): void => undefined;
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let isOpen = true;
        const send: SendEvent = (event, data) => {
          if (!isOpen || (controller.desiredSize ?? 0) < -MAX_WAITING) return false;
          controller.enqueue(encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
          return true;
        };
        const stop = listen(send);
        const alive = setInterval(() => send("alive", {}), ALIVE_MS).unref();
        const finish = (): void => {
          end();
          controller.close();
        };
        end = () => {
          if (!isOpen) return;
          isOpen = false;
          clearInterval(alive);
          signal.removeEventListener("abort", finish);
          stop();
        };
        signal.addEventListener("abort", finish, { once: true });
        if (signal.aborted) finish();
      },
      cancel: () => end(),
    },
    { highWaterMark: 16 },
  );
  return new Response(body, { headers: { "content-type": "text/event-stream; charset=utf-8" } });
}
