/** Handles the signals that stop the process or reload the allow-list, from the moment it is created. */
export class Signals {
  /** Resolves with the first SIGTERM or SIGINT. */
  readonly first: Promise<NodeJS.Signals>;
  /** Aborted by it. */
  readonly stopping: AbortSignal;
  /** Aborted by a second one: stop without waiting. */
  readonly hurry: AbortSignal;
  #second: NodeJS.Signals | undefined;

  constructor(onHangup: () => void) {
    const first = Promise.withResolvers<NodeJS.Signals>();
    const stopping = new AbortController();
    const hurry = new AbortController();
    let isStopping = false;
    const stop = (signal: NodeJS.Signals): void => {
      if (isStopping) {
        this.#second ??= signal;
        hurry.abort();
      }
      isStopping = true;
      first.resolve(signal);
      stopping.abort();
    };
    this.first = first.promise;
    this.stopping = stopping.signal;
    this.hurry = hurry.signal;
    process.on("SIGTERM", stop);
    process.on("SIGINT", stop);
    process.on("SIGHUP", onHangup);
  }

  /** 128 + the number of the second signal; `undefined` if there was none. */
  get secondSignalExitCode(): number | undefined {
    if (this.#second === undefined) return undefined;
    return this.#second === "SIGINT" ? 130 : 143;
  }
}
