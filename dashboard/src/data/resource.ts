import { useCallback, useEffect, useState } from "preact/hooks";
import { ApiError, get } from "./api.ts";
import { tick } from "./refresh.ts";
import { useStore } from "./store.ts";

/** Data of the gateway and the state of its request. Old data stays until new data has arrived, so that nothing jumps. */
export interface Resource<T> {
  readonly data: T | undefined;
  readonly error: ApiError | undefined;
  /** The request is for something other than what `data` shows. */
  readonly isLoading: boolean;
  readonly reload: () => void;
}

/** The query store is reading what was recorded since the last query, and says how far it is. */
const NOT_READY = 503;
const RETRY_MS = 2_000;

interface Held<T> {
  readonly path: string | null;
  readonly data: T | undefined;
  readonly error: ApiError | undefined;
}

/** `path` below the API's root, with its query; `null` asks for nothing. */
export function useResource<T>(path: string | null): Resource<T> {
  const [held, setHeld] = useState<Held<T>>({ path: null, data: undefined, error: undefined });
  const [again, setAgain] = useState(0);
  const time = useStore(tick);
  useEffect(() => {
    if (path === null) return undefined;
    const controller = new AbortController();
    let retry: ReturnType<typeof setTimeout> | undefined;
    get<T>(path, controller.signal).then(
      (data) => !controller.signal.aborted && setHeld({ path, data, error: undefined }),
      (error: unknown) => {
        if (controller.signal.aborted) return;
        const failure = error instanceof ApiError ? error : new ApiError(0, undefined);
        setHeld((old) => ({ path, data: old.data, error: failure }));
        if (failure.status === NOT_READY) retry = setTimeout(() => setAgain((count) => count + 1), RETRY_MS);
      },
    );
    return () => {
      clearTimeout(retry);
      controller.abort();
    };
  }, [path, time, again]);
  const reload = useCallback(() => setAgain((count) => count + 1), []);
  return { data: held.data, error: held.error, isLoading: path !== null && held.path !== path, reload };
}
