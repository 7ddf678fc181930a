import type { Terminal } from "../context/terminal.ts";

const WIDTH = 30;
/** A task that ends sooner shows no bar. */
const DELAY_MS = 500;

/** Progress on one line of stderr. It writes nothing where stderr is not a terminal, or in a CI job. */
export class ProgressBar {
  readonly #stderr: Terminal["stderr"];
  readonly #label: string;
  readonly #isEnabled: boolean;
  readonly #startedAt = performance.now();
  #shown = "";

  constructor({ stderr, env }: Pick<Terminal, "stderr" | "env">, label = "") {
    this.#stderr = stderr;
    this.#label = label;
    this.#isEnabled = stderr.isTTY && !env["CI"];
  }

  update(done: number, total: number): void {
    if (!this.#isEnabled || performance.now() - this.#startedAt < DELAY_MS) return;
    const percent = total === 0 ? 100 : Math.min(100, Math.floor((done / total) * 100));
    const filled = Math.round((percent / 100) * WIDTH);
    const line = `[${"#".repeat(filled)}${".".repeat(WIDTH - filled)}] ${String(percent).padStart(3)} % ${this.#label}`;
    if (line === this.#shown) return;
    this.#shown = line;
    this.#stderr.write(`\r${line}`);
  }

  /** Empties the line for the next message. */
  clear(): void {
    if (this.#shown === "") return;
    this.#stderr.write(`\r${" ".repeat(this.#shown.length)}\r`);
    this.#shown = "";
  }
}
