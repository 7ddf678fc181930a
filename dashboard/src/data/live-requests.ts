import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { RequestRow, RequestsPage } from "../../../src/admin/api/contract.ts";
import { get } from "./api.ts";
import { scopeQuery } from "./use-usage.ts";
import { mergeRequests, MAX_ROWS, PAGE, useRequestList, type RequestPages } from "./requests.ts";
import { formatFilter } from "../../../src/store/filter/filter-text.ts";
import { listen } from "./live.ts";
import type { Scope } from "./url-state.ts";

/** New requests are shown in batches, because a busy gateway finishes hundreds per second. */
const DRAW_MS = 250;
const RATE_WINDOW_MS = 10_000;

export interface LiveRequests extends RequestPages {
  /** Requests that arrived while the list was paused. */
  readonly waiting: number;
  readonly release: () => void;
  readonly perSecond: number;
  readonly failedPerSecond: number;
  /** Requests that the server left out because they exceeded the rate limit of the stream. */
  readonly skipped: number;
}

interface Tail {
  readonly isLive: boolean;
  /** The maximum number of requests per second. */
  readonly cap: number;
  /** New requests wait, so that the list does not move while it is read. */
  readonly isHeld: boolean;
}

export function useLiveRequests(scope: Scope, { isLive, cap, isHeld }: Tail): LiveRequests {
  const query = scopeQuery(scope).toString();
  const list = useRequestList(query);
  const [waiting, setWaiting] = useState<readonly RequestRow[]>([]);
  const [skipped, setSkipped] = useState(0);
  const [arrivals, setHeard] = useState<readonly Arrivals[]>([]);
  const held = useRef(isHeld);
  held.current = isHeld;
  const path = streamPath(scope, cap);
  const { add } = list;
  useEffect(() => {
    setWaiting([]);
    setSkipped(0);
    setHeard([]);
    if (!isLive) return undefined;
    return follow(path, query, {
      onRows: (rows) => {
        if (held.current) setWaiting((old) => mergeRequests(old, rows).slice(0, MAX_ROWS));
        else add(rows);
      },
      onSkipped: (count) => setSkipped((old) => old + count),
      onArrivals: (one) => setHeard((old) => withArrivals(old, one)),
    });
  }, [path, query, isLive, add]);
  const release = useCallback(() => {
    add(waiting);
    setWaiting([]);
  }, [waiting, add]);
  const known = new Set(list.rows?.slice(0, PAGE).map(({ id }) => id));
  return {
    ...list,
    waiting: waiting.filter(({ id }) => !known.has(id)).length,
    release,
    perSecond: rateOf(arrivals.map(({ count }) => count)),
    failedPerSecond: rateOf(arrivals.map(({ failed }) => failed)),
    skipped,
  };
}

function streamPath({ filters, tz }: Scope, cap: number): string {
  const query = new URLSearchParams(filters.map((filter) => ["filter", formatFilter(filter)]));
  query.set("tz", tz);
  query.set("rate", String(cap));
  return `/requests/stream?${query.toString()}`;
}

interface Followers {
  readonly onRows: (rows: readonly RequestRow[]) => void;
  readonly onSkipped: (count: number) => void;
  readonly onArrivals: (arrivals: Arrivals) => void;
}

/** How many requests ended in the interval before a moment. */
interface Arrivals {
  readonly at: number;
  readonly count: number;
  readonly failed: number;
}

/** Returns a function that stops following. */
function follow(path: string, query: string, { onRows, onSkipped, onArrivals }: Followers): () => void {
  let fresh: RequestRow[] = [];
  const draw = setInterval(() => {
    const failed = fresh.filter(({ error_type }) => error_type !== null).length;
    onArrivals({ at: Date.now(), count: fresh.length, failed });
    if (fresh.length > 0) onRows(fresh);
    fresh = [];
  }, DRAW_MS);
  // The event is also sent on every new connection, so requests that ended while disconnected are loaded.
  const catchUp = (): void => {
    get<RequestsPage>(`/requests?${query}&limit=${PAGE}`).then(
      ({ rows }) => onRows(rows),
      () => undefined,
    );
  };
  const stop = listen(path, {
    call: (row) => fresh.push(row as RequestRow), // the contract defines the events
    skipped: (more) => onSkipped((more as { readonly count: number }).count),
    alive: catchUp,
  });
  return () => {
    clearInterval(draw);
    stop();
  };
}

function withArrivals(arrivals: readonly Arrivals[], one: Arrivals): readonly Arrivals[] {
  if (arrivals.length === 0 && one.count === 0) return arrivals;
  return [...arrivals, one].filter(({ at, count }) => count > 0 && one.at - at < RATE_WINDOW_MS);
}

const rateOf = (counts: readonly number[]): number =>
  counts.reduce((sum, count) => sum + count, 0) / (RATE_WINDOW_MS / 1000);
