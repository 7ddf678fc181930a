import type { Store } from "./store.ts";

/** The contents of a store, and how much of the stats files it has read. */
export interface StoreFilesInfo {
  readonly records: number;
  readonly inParquet: number;
  readonly files: number;
  readonly bytes: number;
  readonly behindBytes: number;
  readonly segments: number;
  readonly ledgerBytes: number;
  readonly badLines: number;
  readonly duplicates: number;
  readonly first: string | null;
  readonly last: string | null;
  /** The time of the last record in Parquet. */
  readonly compactedThrough: string | null;
  readonly generation: number;
}

export function storeInfo(store: Store): StoreFilesInfo {
  const states = store.segments.map((track) => track.stateToWrite());
  const sum = (key: "records" | "bad" | "duplicates"): number => states.reduce((all, state) => all + state[key], 0);
  const { parts, generation } = store.manifest;
  return {
    records: sum("records"),
    inParquet: parts.reduce((all, part) => all + part.records, 0),
    files: parts.length * 2,
    bytes: parts.reduce((all, part) => all + part.bytes, 0),
    behindBytes: store.liveBytes,
    segments: states.length,
    ledgerBytes: store.files.reduce((all, { seen }) => all + seen.size, 0),
    badLines: sum("bad"),
    duplicates: sum("duplicates"),
    first: least(states.map(({ firstTs }) => firstTs)),
    last: greatest(states.map(({ lastTs }) => lastTs)),
    compactedThrough: greatest(parts.map(({ lastTs }) => lastTs)),
    generation,
  };
}

function least(moments: readonly (string | null | undefined)[]): string | null {
  return sorted(moments)[0] ?? null;
}

function greatest(moments: readonly (string | null | undefined)[]): string | null {
  return sorted(moments).at(-1) ?? null;
}

function sorted(moments: readonly (string | null | undefined)[]): readonly string[] {
  return moments.filter((moment) => moment !== null && moment !== undefined).toSorted();
}
