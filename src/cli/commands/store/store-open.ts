import type { Settings } from "../../../config/settings.ts";
import { openStore, type OfflineStore } from "../../../store/service/open-store.ts";
import type { OnProgress } from "../../../store/files/store.ts";
import { StoreBusy } from "../../../store/files/store-lock.ts";
import { ProgressBar } from "../../output/progress-bar.ts";
import { loadCommandSettings } from "../../context/load-settings.ts";
import type { SettingsOptions } from "../../context/settings-options.ts";
import { EXIT, info, type Terminal } from "../../context/terminal.ts";

export interface StoreWork {
  readonly offline: OfflineStore;
  readonly settings: Settings;
  /** Draws a progress bar. */
  readonly onProgress: OnProgress;
}

/** Opens the configured store, runs `work` and closes the store; resolves to the exit code. */
export async function withStore(
  terminal: Terminal,
  options: SettingsOptions,
  work: (work: StoreWork) => Promise<number>,
  { fresh = false } = {},
): Promise<number> {
  const loaded = loadCommandSettings(terminal, options);
  if (typeof loaded === "number") return loaded;
  const { settings } = loaded;
  const offline = await openStore({ settings, now: Date.now, fresh });
  const bar = new ProgressBar(terminal);
  try {
    return await work({ offline, settings, onProgress: (done, total) => bar.update(done, total) });
  } catch (error) {
    if (!(error instanceof StoreBusy)) throw error;
    bar.clear();
    info(terminal, `${error.message}; try again later`);
    return EXIT.tryAgain;
  } finally {
    bar.clear();
    await offline.close();
  }
}
