/**
 * Passes items from a producer to a consumer, one at a time: the producer waits until the consumer has taken an item.
 */
export class PullChannel<T> {
  #waiting: PromiseWithResolvers<IteratorResult<T, undefined>> | undefined;
  #offered: { readonly item: T; readonly taken: () => void } | undefined;
  #ended: { readonly error: unknown } | { readonly error?: undefined } | undefined;
  #isClosed = false;

  /** Resolves once the consumer took the item; to false if it wants no more. */
  put(item: T): Promise<boolean> {
    if (this.#isClosed) return Promise.resolve(false);
    if (this.#waiting !== undefined) {
      this.#waiting.resolve({ value: item, done: false });
      this.#waiting = undefined;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      this.#offered = { item, taken: () => resolve(!this.#isClosed) };
    });
  }

  end(): void {
    this.#finish({});
  }

  fail(error: unknown): void {
    this.#finish({ error });
  }

  take(): Promise<IteratorResult<T, undefined>> {
    if (this.#offered !== undefined) {
      const { item, taken } = this.#offered;
      this.#offered = undefined;
      taken();
      return Promise.resolve({ value: item, done: false });
    }
    this.#waiting = Promise.withResolvers();
    const { promise } = this.#waiting;
    if (this.#ended !== undefined) this.#finish(this.#ended);
    return promise;
  }

  /** Called by the consumer when it wants no more. */
  close(): void {
    this.#isClosed = true;
    this.#offered?.taken();
    this.#offered = undefined;
  }

  #finish(ended: { readonly error?: unknown }): void {
    this.#ended = ended;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if ("error" in ended) waiting?.reject(ended.error);
    else waiting?.resolve({ value: undefined, done: true });
  }
}

/** Yields the items that `work` puts, as the consumer takes them. Ending the iteration early waits for `work` to stop. */
export async function* pulled<T>(work: (channel: PullChannel<T>) => Promise<void>): AsyncGenerator<T, void, undefined> {
  const channel = new PullChannel<T>();
  const done = work(channel).then(
    () => channel.end(),
    (error: unknown) => channel.fail(error),
  );
  try {
    for (;;) {
      const next = await channel.take();
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    channel.close();
    await done;
  }
}
