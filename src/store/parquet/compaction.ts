import type { DuckDBConnection } from "@duckdb/node-api";
import type { Manifest, Part } from "./manifest.ts";
import { writePart, type PartWriter } from "./part-files.ts";
import { partsSql, without } from "./relations.ts";

// Decides which Parquet files to merge. Parts are in order of time. Small neighbors are merged, so that the number of
// files grows with the logarithm of the records, and beyond the last level in steps of the largest size.

/** A part with at most this many records is of this level. A larger one than the last is not merged. */
const LEVELS = [50_000, 400_000, 1_000_000];
const FAN_IN = 8;

/** Neighbors to merge; `undefined` if there are too few. */
export function partsToMerge(parts: readonly Part[]): readonly Part[] | undefined {
  let run: Part[] = [];
  for (const part of parts) {
    const [before] = run.slice(-1);
    if (before !== undefined && levelOf(before) !== levelOf(part)) run = [];
    if (levelOf(part) < LEVELS.length) run.push(part);
    if (run.length === FAN_IN) return run;
  }
  return undefined;
}

function levelOf(part: Part): number {
  const level = LEVELS.findIndex((records) => part.records < records);
  return level < 0 ? LEVELS.length : level;
}

/** The same parts, with several merged into one. No row has to be sorted again, because neighbors are in order. */
export async function mergeParts(
  connection: DuckDBConnection,
  writer: PartWriter,
  parts: readonly Part[],
  merged: readonly Part[],
): Promise<readonly Part[]> {
  const part = await writePart(connection, writer, 0, `FROM ${partsSql(writer.directory, merged, "calls")}`);
  return inTime([...parts.filter((other) => !merged.includes(other)), ...(part === undefined ? [] : [part])]);
}

/**
 * The parts without the rows of some segments. A part that consists of these rows alone is dropped without reading it.
 */
export async function dropSegments(
  connection: DuckDBConnection,
  writer: PartWriter,
  { parts }: Manifest,
  segments: ReadonlySet<string>,
): Promise<readonly Part[]> {
  const kept: Part[] = [];
  let nth = 1;
  for (const part of parts) {
    if (!part.segments.some((id) => segments.has(id))) kept.push(part);
    else if (part.segments.some((id) => !segments.has(id))) {
      const source = `FROM ${partsSql(writer.directory, [part], "calls")}${without(segments)}`;
      const rest = await writePart(connection, writer, nth++, source);
      if (rest !== undefined) kept.push(rest);
    }
  }
  return kept;
}

export function inTime(parts: readonly Part[]): readonly Part[] {
  return parts.toSorted((one, other) => (one.firstTs < other.firstTs ? -1 : one.firstTs > other.firstTs ? 1 : 0));
}
