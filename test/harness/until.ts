// Waits for conditions, on events where there are any, with a deadline whose error says what did not happen.
import { setTimeout as delay } from "node:timers/promises";

/** Ends a test that hangs. A slow machine must not reach it, so it is no verdict on speed. */
export const HANG_MS = 120_000;
const POLL_MS = 20;

/** Checks a condition again and again, for changes that cause no event in the test. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  state: () => string = () => "",
): Promise<void> {
  const deadline = performance.now() + HANG_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited ${HANG_MS / 1000} s until ${what}; ${state()}`);
    await delay(POLL_MS);
  }
}

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
        reject(new Error(`waited ${HANG_MS / 1000} s for ${what}; ${state()}`));
      }, HANG_MS);
      this.#waiters.add(check);
      check();
    });
  }
}
