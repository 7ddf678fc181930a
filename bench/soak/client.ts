import { connect, type Socket } from "node:net";

import { AnswerReader } from "./response-reader.ts";
import type { PlannedRequest } from "./planned-request.ts";

/** What a client saw of its call. */
export interface Seen {
  /** `left`: as planned, by the client itself. */
  readonly end: "whole" | "cut" | "left";
  readonly status: number;
  readonly requestId: string | undefined;
  readonly bodyBytes: number;
  readonly bodyCrc: number;
  readonly milliseconds: number;
  /** Something that no call may meet. */
  readonly fault: string | undefined;
}

interface Under {
  readonly plan: PlannedRequest;
  readonly reader: AnswerReader;
  readonly begunAt: number;
  readonly resolve: (seen: Seen) => void;
  /** Told once: there is an answer, or there will be none. */
  begun: (() => void) | undefined;
}

/** One client: a connection that is kept between calls, one call at a time. */
export class Caller {
  readonly #target: { readonly port: number; readonly localAddress: string };
  #socket: Socket | undefined;
  #call: Under | undefined;

  constructor(port: number, localAddress: string) {
    this.#target = { port, localAddress };
  }

  /** Its answer has begun and is not over. */
  get receiving(): boolean {
    return this.#call?.reader.begun === true;
  }

  call(plan: PlannedRequest, begun: () => void): Promise<Seen> {
    return new Promise((resolve) => {
      this.#call = { plan, reader: new AnswerReader(), begunAt: performance.now(), resolve, begun };
      this.#socket ??= this.#open();
      // Who leaves before the request is on its way has made no call.
      this.#socket.write(plan.request, () => {
        if (plan.leaves === "before the answer") setTimeout(() => this.#leave(plan), LEAVE_MS);
      });
    });
  }

  close(): void {
    this.#socket?.destroy();
  }

  #open(): Socket {
    const socket = connect({ ...this.#target, host: "127.0.0.1", noDelay: true });
    socket.on("data", (bytes: Buffer) => this.#received(bytes));
    socket.on("error", () => undefined); // its "close" follows
    socket.on("close", () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#end("cut");
    });
    return socket;
  }

  #received(bytes: Buffer): void {
    const call = this.#call;
    if (call === undefined) {
      this.#socket?.destroy(); // Nobody asked.
      return;
    }
    try {
      call.reader.push(bytes);
    } catch (error) {
      this.#drop();
      this.#end("cut", error instanceof Error ? error.message : String(error));
      return;
    }
    if (call.reader.begun) tellBegun(call);
    if (call.reader.done) {
      if (!call.reader.keepAlive) this.#drop();
      this.#end("whole");
    } else if (call.plan.leaves === "within the answer" && call.reader.bodyBytes > 0) this.#leave(call.plan);
  }

  #leave(plan: PlannedRequest): void {
    if (this.#call?.plan !== plan) return;
    this.#drop();
    this.#end("left");
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
  }

  #end(end: Seen["end"], fault?: string): void {
    const call = this.#call;
    if (call === undefined) return;
    this.#call = undefined;
    tellBegun(call);
    const { status, requestId, bodyBytes, bodyCrc } = call.reader;
    const milliseconds = performance.now() - call.begunAt;
    call.resolve({ end, status, requestId, bodyBytes, bodyCrc, milliseconds, fault });
  }
}

function tellBegun(call: Under): void {
  const { begun } = call;
  call.begun = undefined;
  begun?.();
}

const LEAVE_MS = 20;
