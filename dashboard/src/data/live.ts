import { lastAnswer } from "./api.ts";
import { Store } from "./store.ts";

/** Whether the stream of events that is open, if one is, has been lost. */
export const isStreamLost = new Store(false);

type Handlers = Readonly<Record<string, (data: unknown) => void>>;

/** The gateway says that it is alive every 15 s. */
const SILENCE_MS = 40_000;
const RETRY_MS = 2_000;

/** Server-sent events of `path`, for as long as the tab is seen; gives back how to stop. */
export function listen(path: string, handlers: Handlers): () => void {
  let source: EventSource | undefined;
  let watch: ReturnType<typeof setTimeout> | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;

  const heard = (): void => {
    isStreamLost.set(false);
    lastAnswer.set(Date.now());
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
