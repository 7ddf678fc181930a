import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { RequestRow, RequestsPage } from "../../../src/admin/api/contract.ts";
import { ApiError, get } from "./api.ts";

export const PAGE = 200;
/** The most rows kept in memory; older requests can be reached by changing the range. */
export const MAX_ROWS = 5_000;
interface RequestListState {
  readonly query: string;
  readonly rows: readonly RequestRow[] | undefined;
  readonly cursor: string | null;
  readonly error: ApiError | undefined;
}

/** The requests of a range, newest first, loaded page by page; live requests are added on top. */
export interface RequestPages {
  readonly rows: readonly RequestRow[] | undefined;
  readonly error: ApiError | undefined;
  readonly isLoading: boolean;
  /** `undefined` if there are no more. */
  readonly loadMore: (() => void) | undefined;
  readonly reload: () => void;
}

export interface RequestsOf extends RequestPages {
  readonly add: (rows: readonly RequestRow[]) => void;
}

export function useRequestList(query: string): RequestsOf {
  const [list, setList] = useState<RequestListState>({ query: "", rows: undefined, cursor: null, error: undefined });
  const [again, setAgain] = useState(0);
  const isLoadingMore = useRef(false);
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
    if (cursor === null || isLoadingMore.current) return;
    isLoadingMore.current = true;
    get<RequestsPage>(`/requests?${query}&limit=${PAGE}&cursor=${encodeURIComponent(cursor)}`)
      .then((page) => setList((old) => ({ ...withRows(old, query, page.rows), cursor: page.cursor })))
      .catch((error: unknown) => setList((old) => ({ ...old, error: apiError(error) })))
      .finally(() => (isLoadingMore.current = false));
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

/** Ignores rows of an earlier query. */
function withRows(list: RequestListState, query: string, rows: readonly RequestRow[]): RequestListState {
  if (list.query !== query || rows.length === 0) return list;
  const merged = mergeRequests(list.rows ?? [], rows);
  return merged.length > MAX_ROWS
    ? { ...list, rows: merged.slice(0, MAX_ROWS), cursor: null }
    : { ...list, rows: merged };
}

/** Merges rows by id, newest first. */
export function mergeRequests(present: readonly RequestRow[], more: readonly RequestRow[]): readonly RequestRow[] {
  const known = new Set(present.map(({ id }) => id));
  const added = more.filter(({ id }) => !known.has(id));
  if (added.length === 0) return present;
  return [...added, ...present].toSorted((a, b) => order(b.timestamp, a.timestamp) || order(b.id, a.id));
}

const order = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
const apiError = (error: unknown): ApiError => (error instanceof ApiError ? error : new ApiError(0, undefined));
