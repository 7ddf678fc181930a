/** The signals that end or refresh the process, heard from the moment this is made. */
export class Signals {
  /** Resolves with the first signal to end. */
  readonly first: Promise<NodeJS.Signals>;
  /** Aborted by a second one: no more waiting. */
  readonly hurry: AbortSignal;
  #second: NodeJS.Signals | undefined;

  constructor(onHangup: () => void) {
    const first = Promise.withResolvers<NodeJS.Signals>();
    const hurry = new AbortController();
    let isStopping = false;
    const end = (signal: NodeJS.Signals): void => {
      if (isStopping) {
        this.#second ??= signal;
        hurry.abort();
      }
      isStopping = true;
      first.resolve(signal);
    };
    this.first = first.promise;
    this.hurry = hurry.signal;
    process.on("SIGTERM", end);
    process.on("SIGINT", end);
    process.on("SIGHUP", onHangup);
  }

  /** 128 + the number of the signal that would not wait; `undefined` when there was none. */
  get impatientExitCode(): number | undefined {
    if (this.#second === undefined) return undefined;
    return this.#second === "SIGINT" ? 130 : 143;
  }
}
