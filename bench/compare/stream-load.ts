import { withDeadline } from "./deadline.ts";
import { RawClient } from "./raw-request.ts";
import { requestBytes, directiveBody, type Target } from "./target.ts";

const OPEN_MS = 15_000;
const EVENT_START = Buffer.from("data:");

/** Opens streams and counts their events. */
export class StreamLoad {
  events = 0;
  readonly #clients: RawClient[] = [];
  #failed: Error | undefined;

  /** Resolves when every stream has sent its first event. */
  async open(target: Target, count: number, directive: string, path?: string): Promise<void> {
    const request = requestBytes(target, directiveBody(directive), path);
    const started = Array.from({ length: count }, () => this.#begin(target.port, request));
    await withDeadline(Promise.all(started), OPEN_MS, `the start of ${count} streams`);
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

/** Misses an event whose first word is split between two chunks; that is less than one in ten thousand. */
function countOf(pattern: Buffer, bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(pattern); at !== -1; at = bytes.indexOf(pattern, at + pattern.length)) count++;
  return count;
}
