import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { RequestRow, RequestsPage } from "../../../src/admin/api/contract.ts";
import { ApiError, get } from "./api.ts";

export const PAGE = 200;
/** More than this nobody looks through; what is older is reached through the range. */
export const MOST = 5_000;
interface CallList {
  readonly query: string;
  readonly rows: readonly RequestRow[] | undefined;
  readonly cursor: string | null;
  readonly error: ApiError | undefined;
}

/** Calls of a range, newest first, more of them on demand; while live, those that end now come on top. */
export interface Calls {
  readonly rows: readonly RequestRow[] | undefined;
  readonly error: ApiError | undefined;
  readonly isLoading: boolean;
  /** `undefined`: that was all. */
  readonly loadMore: (() => void) | undefined;
  readonly reload: () => void;
}

export interface CallsOf extends Calls {
  readonly add: (rows: readonly RequestRow[]) => void;
}

export function useCallList(query: string): CallsOf {
  const [list, setList] = useState<CallList>({ query: "", rows: undefined, cursor: null, error: undefined });
  const [again, setAgain] = useState(0);
  const isAsking = useRef(false);
  useEffect(() => {
    const controller = new AbortController();
    get<RequestsPage>(`/requests?${query}&limit=${PAGE}`, controller.signal).then(
      ({ rows, cursor }) => !controller.signal.aborted && setList({ query, rows, cursor, error: undefined }),
      (error: unknown) => {
        if (!controller.signal.aborted) setList((old) => ({ ...old, query, error: apiError(error) }));
      },
    );
    return () => controller.abort();
  }, [query, again]);
  const add = useCallback((rows: readonly RequestRow[]) => setList((old) => withRows(old, query, rows)), [query]);
  const { cursor } = list;
  const loadMore = useCallback(() => {
    if (cursor === null || isAsking.current) return;
    isAsking.current = true;
    get<RequestsPage>(`/requests?${query}&limit=${PAGE}&cursor=${encodeURIComponent(cursor)}`)
      .then((page) => setList((old) => ({ ...withRows(old, query, page.rows), cursor: page.cursor })))
      .catch((error: unknown) => setList((old) => ({ ...old, error: apiError(error) })))
      .finally(() => (isAsking.current = false));
  }, [query, cursor]);
  return {
    rows: list.rows,
    error: list.error,
    isLoading: list.query !== query,
    loadMore: cursor === null ? undefined : loadMore,
    reload: () => setAgain((count) => count + 1),
    add,
  };
}

/** What belongs to another question by now is left out. */
function withRows(list: CallList, query: string, rows: readonly RequestRow[]): CallList {
  if (list.query !== query || rows.length === 0) return list;
  const merged = mergeCalls(list.rows ?? [], rows);
  return merged.length > MOST ? { ...list, rows: merged.slice(0, MOST), cursor: null } : { ...list, rows: merged };
}

/** Each call once, newest first. */
export function mergeCalls(present: readonly RequestRow[], more: readonly RequestRow[]): readonly RequestRow[] {
  const known = new Set(present.map(({ id }) => id));
  const added = more.filter(({ id }) => !known.has(id));
  if (added.length === 0) return present;
  return [...added, ...present].toSorted((a, b) => order(b.timestamp, a.timestamp) || order(b.id, a.id));
}

const order = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
const apiError = (error: unknown): ApiError => (error instanceof ApiError ? error : new ApiError(0, undefined));
