import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { listening } from "../nginx.ts";
import { withDeadline } from "./deadline.ts";

const END_MS = 3_000;

/** The processes that a benchmark starts. They end with it, however it ends. */
export class Children {
  readonly #running = new Set<ChildProcess>();

  start(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const child = spawn(command, args, { stdio: ["ignore", "ignore", "inherit"], ...options });
    return this.adopt(child);
  }

  /** Starts a process and waits until it accepts connections on the port. */
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
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    await withDeadline(exited, END_MS, `the end of ${child.spawnfile}`).catch(async () => {
      child.kill("SIGKILL");
      await exited;
    });
  }

  /** Called on exit, where nothing can be awaited. nginx gets SIGTERM: if it were killed, its workers would keep running. */
  endAll(): void {
    for (const child of this.#running) child.kill(child.spawnfile.endsWith("nginx") ? "SIGTERM" : "SIGKILL");
  }
}
