import { connect, type Socket } from "node:net";

import { ResponseReader } from "./response-reader.ts";
import type { PlannedRequest } from "./planned-request.ts";

/** The result of one request, as its client saw it. */
export interface ClientResult {
  /** `aborted`: by the client, as planned. */
  readonly end: "complete" | "cut" | "aborted";
  readonly status: number;
  readonly requestId: string | undefined;
  readonly bodyBytes: number;
  readonly bodyCrc: number;
  readonly milliseconds: number;
  /** A violation of HTTP by the gateway. */
  readonly error: string | undefined;
}

interface RunningRequest {
  readonly plan: PlannedRequest;
  readonly reader: ResponseReader;
  readonly startedAt: number;
  readonly resolve: (result: ClientResult) => void;
  /** Called once: when the response has started, or has failed. */
  onStarted: (() => void) | undefined;
}

/** One client with a kept-alive connection; it sends one request at a time. */
export class Client {
  readonly #target: { readonly port: number; readonly localAddress: string };
  #socket: Socket | undefined;
  #running: RunningRequest | undefined;

  constructor(port: number, localAddress: string) {
    this.#target = { port, localAddress };
  }

  /** True while a response is arriving. */
  get receiving(): boolean {
    return this.#running?.reader.started === true;
  }

  send(plan: PlannedRequest, onStarted: () => void): Promise<ClientResult> {
    return new Promise((resolve) => {
      this.#running = { plan, reader: new ResponseReader(), startedAt: performance.now(), resolve, onStarted };
      this.#socket ??= this.#open();
      // A client that aborts earlier would not have sent the request at all.
      this.#socket.write(plan.request, () => {
        if (plan.aborts === "before the response") setTimeout(() => this.#abort(plan), ABORT_DELAY_MS);
      });
    });
  }

  close(): void {
    this.#socket?.destroy();
  }

  #open(): Socket {
    const socket = connect({ ...this.#target, host: "127.0.0.1", noDelay: true });
    socket.on("data", (bytes: Buffer) => this.#received(bytes));
    socket.on("error", () => undefined); // "close" follows
    socket.on("close", () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#end("cut");
    });
    return socket;
  }

  #received(bytes: Buffer): void {
    const running = this.#running;
    if (running === undefined) {
      this.#socket?.destroy(); // Bytes without a request.
      return;
    }
    try {
      running.reader.push(bytes);
    } catch (error) {
      this.#drop();
      this.#end("cut", error instanceof Error ? error.message : String(error));
      return;
    }
    if (running.reader.started) notifyStarted(running);
    if (running.reader.done) {
      if (!running.reader.keepAlive) this.#drop();
      this.#end("complete");
    } else if (running.plan.aborts === "during the response" && running.reader.bodyBytes > 0) this.#abort(running.plan);
  }

  #abort(plan: PlannedRequest): void {
    if (this.#running?.plan !== plan) return;
    this.#drop();
    this.#end("aborted");
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
  }

  #end(end: ClientResult["end"], error?: string): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    notifyStarted(running);
    const { status, requestId, bodyBytes, bodyCrc } = running.reader;
    const milliseconds = performance.now() - running.startedAt;
    running.resolve({ end, status, requestId, bodyBytes, bodyCrc, milliseconds, error });
  }
}

function notifyStarted(running: RunningRequest): void {
  const { onStarted } = running;
  running.onStarted = undefined;
  onStarted?.();
}

const ABORT_DELAY_MS = 20;
