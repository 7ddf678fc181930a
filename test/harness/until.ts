/** Waits for conditions, on events, with a deadline whose error says what did not happen. */
const deadlineMs = 5_000;

/** Conditions that are checked whenever `changed` is called. */
export class Waiting {
  readonly #waiters = new Set<() => void>();

  changed(): void {
    for (const check of this.#waiters) check();
  }

  /** Resolves to the first defined result of `found`. Rejects at the deadline with the text of `state`. */
  until<Found>(what: string, found: () => Found | undefined, state: () => string = () => ""): Promise<Found> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(check);
      };
      const check = (): void => {
        try {
          const value = found();
          if (value === undefined) return;
          end();
          resolve(value);
        } catch (error) {
          end();
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      const timer = setTimeout(() => {
        end();
        reject(new Error(`waited ${deadlineMs / 1000} s for ${what}; ${state()}`));
      }, deadlineMs);
      this.#waiters.add(check);
      check();
    });
  }
}
