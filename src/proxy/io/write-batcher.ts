import type { Socket } from "node:net";

/**
 * Sends everything that is written to a socket in one turn of the event loop with one system call at the end of that
 * turn. A head and the first bytes of its body then leave together, and under load the receiving processes are not
 * woken between LMGate's own steps.
 */
export class WriteBatcher {
  #corked: Socket[] = [];
  #scheduled = false;
  readonly #uncorkAll = (): void => {
    this.#scheduled = false;
    const sockets = this.#corked;
    this.#corked = [];
    for (const socket of sockets) socket.uncork();
  };

  /** Call this before each write. */
  cork(socket: Socket): void {
    if (socket.writableCorked > 0) return;
    socket.cork();
    this.#corked.push(socket);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#uncorkAll);
  }

  /** Call this before a socket is destroyed, or what was written in this turn is lost. */
  flush(socket: Socket): void {
    if (socket.writableCorked > 0) socket.uncork();
  }
}
