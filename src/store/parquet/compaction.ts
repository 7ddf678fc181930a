import type { DuckDBConnection } from "@duckdb/node-api";
import type { Manifest, Part } from "./manifest.ts";
import { writePart, type PartWriter } from "./part-files.ts";
import { partsSql, without } from "./relations.ts";

// Which Parquet files there are to be. Parts stand in order of time; small ones that are neighbors become one, so that
// their number grows with the logarithm of what is written, and with the size of the ledger only in large steps.

/** Records up to which a part is of a level; what is above the last is large enough. */
const LEVELS = [50_000, 400_000, 1_000_000];
const FAN_IN = 8;

/** Neighbors that are to become one; `undefined` while there are few. */
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

/** The same parts, but with one in the place of several; no row is sorted anew, for neighbors follow each other. */
export async function mergeParts(
  connection: DuckDBConnection,
  writer: PartWriter,
  parts: readonly Part[],
  merged: readonly Part[],
): Promise<readonly Part[]> {
  const part = await writePart(connection, writer, 0, `FROM ${partsSql(writer.directory, merged, "calls")}`);
  return inTime([...parts.filter((other) => !merged.includes(other)), ...(part === undefined ? [] : [part])]);
}

/** The parts without the rows of some segments. Where all of a part's rows are theirs, it goes unread. */
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
