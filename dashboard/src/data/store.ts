import { useEffect, useState } from "preact/hooks";

/** A value that components can subscribe to. */
export class Store<T> {
  #value: T;
  readonly #listeners = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of this.#listeners) listener();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

export function useStore<T>(store: Store<T>): T {
  const [, redraw] = useState(0);
  const shown = store.value;
  useEffect(() => {
    let seen = shown;
    const look = (): void => {
      if (Object.is(seen, store.value)) return;
      seen = store.value;
      redraw((count) => count + 1);
    };
    const leave = store.subscribe(look);
    look();
    return leave;
  }, [store]);
  return shown;
}
