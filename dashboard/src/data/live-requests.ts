import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { RequestRow, RequestsPage } from "../../../src/admin/api/contract.ts";
import { get } from "./api.ts";
import { scopeQuery } from "./use-usage.ts";
import { mergeCalls, MOST, PAGE, useCallList, type Calls } from "./requests.ts";
import { formatFilter } from "../../../src/store/filter/filter-text.ts";
import { listen } from "./live.ts";
import type { Scope } from "./url-state.ts";

/** New calls are shown together, not one by one: a busy gateway ends hundreds a second. */
const DRAW_MS = 250;
const RATE_WINDOW_MS = 10_000;

export interface LiveRequests extends Calls {
  /** Came while the list was held still. */
  readonly waiting: number;
  readonly release: () => void;
  readonly perSecond: number;
  readonly failedPerSecond: number;
  /** Not sent since the beginning, for there were more a second than the cap. */
  readonly skipped: number;
}

interface Tail {
  readonly isLive: boolean;
  /** At most so many a second. */
  readonly cap: number;
  /** New calls wait, so that nothing moves under the reader. */
  readonly isHeld: boolean;
}

export function useLiveCalls(scope: Scope, { isLive, cap, isHeld }: Tail): LiveRequests {
  const query = scopeQuery(scope).toString();
  const list = useCallList(query);
  const [waiting, setWaiting] = useState<readonly RequestRow[]>([]);
  const [skipped, setSkipped] = useState(0);
  const [heard, setHeard] = useState<readonly Heard[]>([]);
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
      onCalls: (rows) => {
        if (held.current) setWaiting((old) => mergeCalls(old, rows).slice(0, MOST));
        else add(rows);
      },
      onSkipped: (count) => setSkipped((old) => old + count),
      onHeard: (one) => setHeard((old) => withHeard(old, one)),
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
    perSecond: rateOf(heard.map(({ count }) => count)),
    failedPerSecond: rateOf(heard.map(({ failed }) => failed)),
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
  readonly onCalls: (rows: readonly RequestRow[]) => void;
  readonly onSkipped: (count: number) => void;
  readonly onHeard: (heard: Heard) => void;
}

/** How many ended in a short while, up to a moment. */
interface Heard {
  readonly at: number;
  readonly count: number;
  readonly failed: number;
}

/** Gives what ends it. */
function follow(path: string, query: string, { onCalls, onSkipped, onHeard }: Followers): () => void {
  let fresh: RequestRow[] = [];
  const draw = setInterval(() => {
    const failed = fresh.filter(({ error_type }) => error_type !== null).length;
    onHeard({ at: Date.now(), count: fresh.length, failed });
    if (fresh.length > 0) onCalls(fresh);
    fresh = [];
  }, DRAW_MS);
  // It comes with every new connection too, so what ended while there was none is not missed.
  const catchUp = (): void => {
    get<RequestsPage>(`/requests?${query}&limit=${PAGE}`).then(
      ({ rows }) => onCalls(rows),
      () => undefined,
    );
  };
  const stop = listen(path, {
    call: (row) => fresh.push(row as RequestRow), // the contract says what the events hold
    skipped: (more) => onSkipped((more as { readonly count: number }).count),
    alive: catchUp,
  });
  return () => {
    clearInterval(draw);
    stop();
  };
}

function withHeard(heard: readonly Heard[], one: Heard): readonly Heard[] {
  if (heard.length === 0 && one.count === 0) return heard;
  return [...heard, one].filter(({ at, count }) => count > 0 && one.at - at < RATE_WINDOW_MS);
}

const rateOf = (counts: readonly number[]): number =>
  counts.reduce((sum, count) => sum + count, 0) / (RATE_WINDOW_MS / 1000);
