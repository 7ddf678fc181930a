import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { listening } from "../nginx.ts";
import { withDeadline } from "./deadline.ts";

const END_MS = 3_000;

/** The processes a benchmark starts. Whatever way it ends, they end with it. */
export class Children {
  readonly #running = new Set<ChildProcess>();

  start(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const child = spawn(command, args, { stdio: ["ignore", "ignore", "inherit"], ...options });
    return this.adopt(child);
  }

  /** Starts it and waits until something answers on the port. */
  async startListening(port: number, [command, ...args]: readonly [string, ...string[]], options: SpawnOptions = {}) {
    const child = this.start(command, args, options);
    await listening(child, port);
    return child;
  }

  adopt(child: ChildProcess): ChildProcess {
    this.#running.add(child);
    child.once("exit", () => this.#running.delete(child));
    return child;
  }

  async stop(child: ChildProcess): Promise<void> {
    if (!this.#running.has(child)) return;
    const gone = once(child, "exit");
    child.kill("SIGTERM");
    await withDeadline(gone, END_MS, `the end of ${child.spawnfile}`).catch(async () => {
      child.kill("SIGKILL");
      await gone;
    });
  }

  /** At the very end, where nothing can be awaited. A killed nginx would leave its workers, so it is asked instead. */
  endAll(): void {
    for (const child of this.#running) child.kill(child.spawnfile.endsWith("nginx") ? "SIGTERM" : "SIGKILL");
  }
}
