/** Hands things from one who makes them to one who takes them, one at a time: nothing is made before it is wanted. */
export class PullChannel<T> {
  #wanted: PromiseWithResolvers<IteratorResult<T, undefined>> | undefined;
  #offered: { readonly thing: T; readonly taken: () => void } | undefined;
  #ended: { readonly error: unknown } | { readonly error?: undefined } | undefined;
  #isRefused = false;

  /** Resolves when the thing was taken; false if no more are. */
  put(thing: T): Promise<boolean> {
    if (this.#isRefused) return Promise.resolve(false);
    if (this.#wanted !== undefined) {
      this.#wanted.resolve({ value: thing, done: false });
      this.#wanted = undefined;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      this.#offered = { thing, taken: () => resolve(!this.#isRefused) };
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
      const { thing, taken } = this.#offered;
      this.#offered = undefined;
      taken();
      return Promise.resolve({ value: thing, done: false });
    }
    this.#wanted = Promise.withResolvers();
    const { promise } = this.#wanted;
    if (this.#ended !== undefined) this.#finish(this.#ended);
    return promise;
  }

  /** Nothing more is wanted. */
  refuse(): void {
    this.#isRefused = true;
    this.#offered?.taken();
    this.#offered = undefined;
  }

  #finish(ended: { readonly error?: unknown }): void {
    this.#ended = ended;
    const wanted = this.#wanted;
    this.#wanted = undefined;
    if ("error" in ended) wanted?.reject(ended.error);
    else wanted?.resolve({ value: undefined, done: true });
  }
}

/** What the work puts, as it is asked for; whoever stops asking is waited for. */
export async function* handedOver<T>(
  work: (handover: PullChannel<T>) => Promise<void>,
): AsyncGenerator<T, void, undefined> {
  const handover = new PullChannel<T>();
  const done = work(handover).then(
    () => handover.end(),
    (error: unknown) => handover.fail(error),
  );
  try {
    for (;;) {
      const next = await handover.take();
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    handover.refuse();
    await done;
  }
}
