import { EVENT } from "./responses.ts";
import { withDeadline } from "./deadline.ts";
import { RawClient } from "./raw-request.ts";
import { requestBytes, wishBody, type Target } from "./target.ts";

const OPEN_MS = 15_000;
const EVENT_START = Buffer.from(EVENT.slice(0, EVENT.indexOf(":") + 1));

/** Streams that stay open; what comes over them is counted. */
export class StreamLoad {
  events = 0;
  readonly #clients: RawClient[] = [];
  #failed: Error | undefined;

  /** Resolves when every stream has begun to speak. */
  async open(target: Target, count: number, wish: string): Promise<void> {
    const request = requestBytes(target, wishBody(wish));
    const begun = Array.from({ length: count }, () => this.#begin(target.port, request));
    await withDeadline(Promise.all(begun), OPEN_MS, `the start of ${count} streams`);
  }

  close(): void {
    for (const client of this.#clients.splice(0)) client.close();
    if (this.#failed !== undefined) throw this.#failed;
  }

  #begin(port: number, request: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      const client = new RawClient(port, {
        onBody: (bytes) => {
          this.events += countOf(EVENT_START, bytes);
          resolve();
        },
        onEnd: (status) => this.#fail(new Error(`a stream ended, status ${status}`), reject),
        onError: (error) => this.#fail(error, reject),
      });
      this.#clients.push(client);
      client.send(request);
    });
  }

  #fail(error: Error, reject: (error: Error) => void): void {
    this.#failed ??= error;
    reject(error);
  }
}

/** An event that is cut in its first word is missed; there is none in ten thousand. */
function countOf(pattern: Buffer, bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(pattern); at !== -1; at = bytes.indexOf(pattern, at + pattern.length)) count++;
  return count;
}
