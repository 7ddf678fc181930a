import { lastResponse } from "./api.ts";
import { Store } from "./store.ts";

/** True while an open event stream is disconnected. */
export const isStreamLost = new Store(false);

type Handlers = Readonly<Record<string, (data: unknown) => void>>;

/** The gateway sends an `alive` event every 15 s. */
const SILENCE_MS = 40_000;
const RETRY_MS = 2_000;

/** Listens to the server-sent events of `path` while the tab is visible; returns a function that stops it. */
export function listen(path: string, handlers: Handlers): () => void {
  let source: EventSource | undefined;
  let watch: ReturnType<typeof setTimeout> | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;

  const heard = (): void => {
    isStreamLost.set(false);
    lastResponse.set(Date.now());
    clearTimeout(watch);
    watch = setTimeout(lost, SILENCE_MS);
  };
  const lost = (): void => {
    close();
    isStreamLost.set(true);
    retry = setTimeout(open, RETRY_MS);
  };
  const open = (): void => {
    if (document.hidden || source !== undefined) return;
    source = new EventSource(`/api/v1${path}`);
    source.addEventListener("open", heard);
    source.addEventListener("error", lost);
    for (const name of new Set([...Object.keys(handlers), "alive"])) {
      source.addEventListener(name, (event: MessageEvent<string>) => {
        heard();
        handlers[name]?.(event.data === "" ? undefined : JSON.parse(event.data));
      });
    }
  };
  const close = (): void => {
    clearTimeout(watch);
    clearTimeout(retry);
    source?.close();
    source = undefined;
  };
  const seen = (): void => (document.hidden ? close() : open());

  document.addEventListener("visibilitychange", seen);
  open();
  return () => {
    document.removeEventListener("visibilitychange", seen);
    close();
    isStreamLost.set(false);
  };
}
