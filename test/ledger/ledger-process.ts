import { spawn } from "node:child_process";
import type { ChildProcess, StdioOptions } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { TestContext } from "node:test";

import type { LedgerStatus } from "../../src/core/counters/status.ts";
import type { LedgerOptions } from "../../src/ledger/writer/ledger.ts";
import type { LogEntry } from "./fixture.ts";

type ProcessOptions = Omit<LedgerOptions, "now" | "log">;

export type Command =
  | { readonly kind: "open"; readonly options: ProcessOptions }
  | { readonly kind: "append"; readonly from: number; readonly count: number }
  | { readonly kind: "run" }
  | { readonly kind: "status" }
  | { readonly kind: "close" };

export interface CommandResult {
  readonly error: string | undefined;
  readonly status: LedgerStatus | undefined;
  readonly log: LogEntry[];
}

const SCRIPT = join(import.meta.dirname, "ledger-process-entry.ts");

/** A process with a ledger, optionally started by another program (`strace`, `prlimit`). It is stopped when the test ends. */
export class LedgerProcess {
  readonly process: ChildProcess;
  #output = "";

  constructor(t: TestContext, wrapper: readonly string[] = [], stdout: "pipe" | number = "pipe") {
    const [command, ...args] = [...wrapper, process.execPath, SCRIPT];
    const stdio: StdioOptions = ["ignore", stdout, "inherit", "ipc"];
    this.process = spawn(command, args, { stdio });
    this.process.stdout?.on("data", (chunk: Buffer) => (this.#output += chunk.toString()));
    t.after(() => this.stop());
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  /** What the child has written to its stdout. */
  get output(): string {
    return this.#output;
  }

  async send(command: Command): Promise<CommandResult> {
    const received = once(this.process, "message");
    this.process.send(command);
    // as: only `ledger-process-entry.ts` sends messages.
    const [result] = (await received) as [CommandResult];
    return result;
  }

  async status(): Promise<LedgerStatus> {
    const { status } = await this.send({ kind: "status" });
    if (!status) throw new Error("the child has no ledger open");
    return status;
  }

  async open(options: Partial<ProcessOptions> & { readonly path: string }): Promise<CommandResult> {
    const full: ProcessOptions = {
      flushIntervalMs: 60_000,
      rotateBytes: 100_000_000,
      fileMode: 0o640,
      maxQueueBytes: 32_000_000,
      instance: "child",
      ...options,
    };
    return this.send({ kind: "open", options: full });
  }

  /** Kills the child and waits for its last output. */
  async kill(): Promise<void> {
    const closed = once(this.process, "close");
    this.process.kill("SIGKILL");
    await closed;
  }

  /** Lets the child exit by itself, so that the program that started it exits as well. */
  async stop(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exited = once(this.process, "exit");
    if (this.process.connected) this.process.disconnect();
    await exited;
  }
}
