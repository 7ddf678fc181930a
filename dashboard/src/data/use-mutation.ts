import { useState } from "preact/hooks";
import { ApiError, send } from "./api.ts";
import { refreshNow } from "./refresh.ts";

type Method = Parameters<typeof send>[0];

interface Change<T> {
  readonly isBusy: boolean;
  readonly error: ApiError | null;
  /** Resolves to `undefined` where it failed; `error` then says why. */
  readonly run: (method: Method, path: string, body?: unknown) => Promise<T | undefined>;
}

/** A change that a dialog makes: it says that it is under way, or why it could not be, and what is shown is asked for again. */
export function useChange<T>(): Change<T> {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const run = async (method: Method, path: string, body?: unknown): Promise<T | undefined> => {
    setBusy(true);
    setError(null);
    try {
      const answer = await send<T>(method, path, body);
      refreshNow();
      return answer;
    } catch (reason) {
      setError(reason instanceof ApiError ? reason : new ApiError(0, undefined));
      return undefined;
    } finally {
      setBusy(false);
    }
  };
  return { isBusy, error, run };
}

export const keyPath = (id: string): string => `/keys/${encodeURIComponent(id)}`;

/** When a change counts: now, everywhere. */
export const acknowledged = (count: number): string =>
  `in force on ${count === 1 ? "the one thread" : `all ${count} threads`}`;
