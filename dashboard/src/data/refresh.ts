import { useEffect } from "preact/hooks";
import { isGrowing } from "../format/range.ts";
import { listen } from "./live.ts";
import type { Refresh, Scope } from "./url-state.ts";
import { Store } from "./store.ts";

/** Increments whenever the shown data should be reloaded. */
export const tick = new Store(0);

export const refreshNow = (): void => tick.set(tick.value + 1);

const periods: Readonly<Record<Refresh, number | undefined>> = {
  off: undefined,
  "5s": 5_000,
  "30s": 30_000,
  live: 30_000,
};
/** Panels reload at most this often, however many requests arrive. */
const LIVE_MS = 2_000;

export function periodOf(scope: Scope): number | undefined {
  return isGrowing(scope) ? periods[scope.refresh] : undefined;
}

/** Runs the clock while the tab is visible; a tab that becomes visible reloads at once. */
export function useRefreshClock(scope: Scope): void {
  const period = periodOf(scope);
  const isLive = period !== undefined && scope.refresh === "live";
  useEffect(() => {
    if (period === undefined) return undefined;
    let last = Date.now();
    const again = (): void => {
      last = Date.now();
      refreshNow();
    };
    const timer = setInterval(() => !document.hidden && again(), period);
    const seen = (): void => {
      if (!document.hidden && Date.now() - last >= period) again();
    };
    document.addEventListener("visibilitychange", seen);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", seen);
    };
  }, [period]);
  useEffect(() => {
    if (!isLive) return undefined;
    let waiting: ReturnType<typeof setTimeout> | undefined;
    const stop = listen("/requests/stream?rate=1", {
      call: () => {
        waiting ??= setTimeout(() => {
          waiting = undefined;
          if (!document.hidden) refreshNow();
        }, LIVE_MS);
      },
    });
    return () => {
      clearTimeout(waiting);
      stop();
    };
  }, [isLive]);
}
