import type { Settings } from "../../../core/settings.ts";
import { openStore, type OfflineStore } from "../../../store/service/open-store.ts";
import type { OnProgress } from "../../../store/files/store.ts";
import { StoreBusy } from "../../../store/files/store-lock.ts";
import { ProgressBar } from "../../output/progress-bar.ts";
import { settingsFor } from "../../load-settings.ts";
import type { SettingsOptions } from "../../settings-options.ts";
import { say, type Terminal } from "../../terminal.ts";

/** Another process has the store at the moment; the same command may succeed in a while. */
const EXIT_TRY_AGAIN = 75;

export interface StoreWork {
  readonly offline: OfflineStore;
  readonly settings: Settings;
  /** Draws a bar; to be handed to what takes long. */
  readonly onProgress: OnProgress;
}

/** Opens the store that the configuration leads to for one piece of work; the exit code. */
export async function withStore(
  terminal: Terminal,
  options: SettingsOptions,
  work: (work: StoreWork) => Promise<number>,
  { fresh = false } = {},
): Promise<number> {
  const loaded = settingsFor(terminal, options);
  if (typeof loaded === "number") return loaded;
  const { settings } = loaded;
  const offline = await openStore({ settings, now: Date.now, fresh });
  const bar = new Progress(terminal);
  try {
    return await work({ offline, settings, onProgress: (done, total) => bar.at(done, total) });
  } catch (error) {
    if (!(error instanceof StoreBusy)) throw error;
    bar.clear();
    say(terminal, `${error.message}; try again in a while`);
    return EXIT_TRY_AGAIN;
  } finally {
    bar.clear();
    await offline.close();
  }
}

/** A bar that is told where it stands. */
class Progress {
  readonly #terminal: Terminal;
  #bar: ProgressBar | undefined;
  #done = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  at(done: number, total: number): void {
    this.#bar ??= new ProgressBar(this.#terminal, total);
    this.#bar.add(done - this.#done);
    this.#done = done;
  }

  clear(): void {
    this.#bar?.clear();
    this.#bar = undefined;
    this.#done = 0;
  }
}
