import { useState } from "preact/hooks";
import { ApiError, send } from "./api.ts";
import { refreshNow } from "./refresh.ts";

type Method = Parameters<typeof send>[0];

interface Mutation<T> {
  readonly isBusy: boolean;
  readonly error: ApiError | null;
  /** Resolves to `undefined` on failure; `error` then has the reason. */
  readonly run: (method: Method, path: string, body?: unknown) => Promise<T | undefined>;
}

/** A change made by a dialog: tracks whether it is running or why it failed, and reloads the shown data afterwards. */
export function useMutation<T>(): Mutation<T> {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const run = async (method: Method, path: string, body?: unknown): Promise<T | undefined> => {
    setBusy(true);
    setError(null);
    try {
      const result = await send<T>(method, path, body);
      refreshNow();
      return result;
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

/** Says that a change is in force on every worker. */
export const acknowledged = (count: number): string =>
  `in force on ${count === 1 ? "1 worker" : `all ${count} workers`}`;
