import type { Terminal } from "../terminal.ts";

const WIDTH = 30;

/** How far a command is, on one line of stderr. Only for people: where stderr is no terminal it writes nothing. */
export class ProgressBar {
  readonly #stderr: Terminal["stderr"];
  readonly #total: number;
  #done = 0;
  #shown = -1;

  constructor({ stderr }: Terminal, total: number) {
    this.#stderr = stderr;
    this.#total = total;
  }

  add(amount: number): void {
    this.#done += amount;
    const percent = this.#total === 0 ? 100 : Math.min(100, Math.floor((this.#done / this.#total) * 100));
    if (!this.#stderr.isTTY || percent === this.#shown) return;
    this.#shown = percent;
    const filled = Math.round((percent / 100) * WIDTH);
    this.#stderr.write(`\r[${"#".repeat(filled)}${".".repeat(WIDTH - filled)}] ${String(percent).padStart(3)} %`);
  }

  /** Leaves the line to what is said next. */
  clear(): void {
    if (this.#shown >= 0) this.#stderr.write(`\r${" ".repeat(WIDTH + 10)}\r`);
  }
}
