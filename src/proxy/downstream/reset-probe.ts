import type { Socket } from "node:net";
import type { Expiring, TimerWheel } from "../io/timer-wheel.ts";

const PROBE_MS = 2_000;
const NOTHING = Buffer.alloc(0);

/**
 * Finds out that a client has reset its connection while nothing is read from it, which the event loop does not tell. A
 * write of no bytes sends nothing, and fails if the connection was reset.
 */
export class ResetProbe implements Expiring {
  deadline = 0;
  scheduled = 0;
  readonly #socket: Socket;
  readonly #wheel: TimerWheel;

  constructor(socket: Socket, wheel: TimerWheel) {
    this.#socket = socket;
    this.#wheel = wheel;
  }

  /** Call this when the socket is paused. It ends by itself once the socket is read again. */
  start(): void {
    if (this.deadline === 0) this.#wheel.arm(this, PROBE_MS);
  }

  stop(): void {
    this.#wheel.remove(this);
  }

  expire(): void {
    const socket = this.#socket;
    if (!socket.isPaused() || socket.destroyed) return;
    // Bytes that wait to be sent find out by themselves.
    if (socket.writableLength === 0) socket.write(NOTHING);
    this.#wheel.arm(this, PROBE_MS);
  }
}
