import { createHash } from "node:crypto";
import { closeSync, fsyncSync, openSync, readdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { firstRow, quoted } from "../duckdb/database.ts";
import { isoTimeOf, syncDirectory, type Manifest, type Part } from "./manifest.ts";
import { SEGMENT } from "../schema/request-columns.ts";
import { hoursSql } from "../schema/hour-columns.ts";
import { LineFile } from "../../jsonl/read-lines.ts";

// The Parquet files of the store. A file is written once and never changed. It counts from the moment the manifest
// lists it, and is removed a while after no manifest lists it any more.

/** A query that began before the manifest changed may still read the file. */
const GRACE_MS = 10 * 60_000;
const FORMAT = "FORMAT parquet, COMPRESSION zstd";

export interface PartWriter {
  readonly directory: string;
  /** The version of the manifest that will list the files; part of their names. */
  readonly generation: number;
}

/** Writes the rows of `source` and their hours. `undefined` if there are none. Resolves once the files are on disk. */
export async function writePart(
  connection: DuckDBConnection,
  { directory, generation }: PartWriter,
  nth: number,
  source: string,
): Promise<Part | undefined> {
  const stem = `${String(generation).padStart(8, "0")}-${nth}.parquet`;
  const names = { calls: `calls-${stem}`, hours: `hours-${stem}` };
  const paths = { calls: join(directory, names.calls), hours: join(directory, names.hours) };
  try {
    await connection.run(`COPY (${source}) TO ${quoted(paths.calls)} (${FORMAT})`);
    const summary = await describe(connection, paths.calls);
    if (summary === undefined) {
      rmSync(paths.calls, { force: true });
      return undefined;
    }
    const hours = `${hoursSql(parquet(paths.calls))} ORDER BY hour, provider, model, key`;
    await connection.run(`COPY (${hours}) TO ${quoted(paths.hours)} (${FORMAT})`);
    for (const path of Object.values(paths)) syncFile(path);
    syncDirectory(directory);
    const digests = { calls: digestOf(paths.calls), hours: digestOf(paths.hours) };
    return { ...names, ...summary, digests, bytes: statSync(paths.calls).size + statSync(paths.hours).size };
  } catch (error) {
    // Half a file on a full disk would take space from the next attempt.
    for (const path of Object.values(paths)) rmSync(path, { force: true });
    throw error;
  }
}

async function describe(
  connection: DuckDBConnection,
  path: string,
): Promise<Omit<Part, "calls" | "hours" | "bytes" | "digests"> | undefined> {
  const row = await firstRow(
    connection,
    `SELECT count(*) AS records, epoch_ms(min(ts)) AS first_ts, epoch_ms(max(ts)) AS last_ts, min(id) AS min_id,
     max(id) AS max_id, string_agg(DISTINCT ${SEGMENT}, chr(10) ORDER BY ${SEGMENT}) AS segments FROM ${parquet(path)}`,
  );
  const [firstTs, lastTs] = [isoTimeOf(row["first_ts"]), isoTimeOf(row["last_ts"])];
  if (firstTs === undefined || lastTs === undefined) return undefined;
  return {
    records: Number(row["records"]),
    firstTs,
    lastTs,
    minId: typeof row["min_id"] === "string" ? row["min_id"] : null,
    maxId: typeof row["max_id"] === "string" ? row["max_id"] : null,
    segments: String(row["segments"]).split("\n"),
  };
}

function parquet(path: string): string {
  return `read_parquet(${quoted(path)})`;
}

/** Parts whose files are missing, truncated or of another size than was written. The content is not read for this. */
export function brokenParts(directory: string, parts: readonly Part[]): readonly Part[] {
  const sizeOf = (name: string): number => statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0;
  return parts.filter(({ calls, hours, bytes }) => sizeOf(calls) + sizeOf(hours) !== bytes);
}

/** Starts the delay after which the files of these parts are removed. */
export function markUnlisted(directory: string, parts: readonly Part[], now: number): void {
  for (const name of parts.flatMap(({ calls, hours }) => [calls, hours])) {
    try {
      utimesSync(join(directory, name), now / 1000, now / 1000);
    } catch {
      // The file no longer exists, or belongs to another user; then it is as old as its content.
    }
  }
}

/** Removes Parquet files that no manifest lists any more, including those that a crash left. */
export function removeUnlisted(directory: string, manifest: Manifest, now: number): void {
  const listed = new Set(manifest.parts.flatMap(({ calls, hours }) => [calls, hours]));
  for (const name of readdirSync(directory)) {
    if (!/^(?:calls|hours)-\d+-\d+\.parquet$/.test(name) || listed.has(name)) continue;
    const path = join(directory, name);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats !== undefined && now - stats.mtimeMs > GRACE_MS) rmSync(path, { force: true });
  }
}

/** SHA-256 of a file. */
export function digestOf(path: string): string {
  const hash = createHash("sha256");
  const file = LineFile.open(path);
  try {
    for (const bytes of file.range(0, Infinity)) hash.update(bytes);
  } finally {
    file.close();
  }
  return hash.digest("hex");
}

function syncFile(path: string): void {
  const fd = openSync(path, "r+");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
