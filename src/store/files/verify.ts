import { join } from "node:path";
import { firstRow } from "../duckdb/database.ts";
import type { Part } from "../parquet/manifest.ts";
import { digestOf } from "../parquet/part-files.ts";
import { partsSql } from "../parquet/relations.ts";
import { requestMeasureSql } from "../schema/measures.ts";
import type { Store } from "./store.ts";

// Compares the store with itself and with the ledger.

export interface Finding {
  /** `damage`: results are wrong until the store is rebuilt; `note`: nothing is wrong, but worth knowing. */
  readonly kind: "damage" | "note";
  readonly what: string;
}

export interface Verification {
  readonly records: number;
  readonly segments: number;
  readonly parts: number;
  readonly findings: readonly Finding[];
}

/** `onStep` is called with the number of finished steps. */
export async function verify(store: Store, onStep: (done: number, total: number) => void): Promise<Verification> {
  const findings = store.damaged.map(({ calls, hours }) => damage(`${calls} or ${hours} is damaged or missing`));
  const { parts } = store.manifest;
  const total = parts.length + store.files.length + 1;
  let done = 0;
  for (const part of parts) {
    findings.push(...(await verifyPart(store, part)));
    onStep(++done, total);
  }
  for (const file of store.files) {
    findings.push(...verifySegment(store, file.id, file.path));
    onStep(++done, total);
  }
  findings.push(...missingFiles(store), ...(await verifyIds(store)));
  onStep(++done, total);
  const records = parts.reduce((sum, part) => sum + part.records, 0);
  return { records, segments: store.segments.length, parts: parts.length, findings };
}

/** Checks that the files can be read, and that the hours are the sums of the requests. */
async function verifyPart(store: Store, part: Part): Promise<readonly Finding[]> {
  const { directory } = store;
  const sums = `sum(${requestMeasureSql("total_tokens")}) AS tokens, sum(${requestMeasureSql("cost_usd")}) AS cost`;
  try {
    const [calls, hours] = await store.read(async (connection) => [
      await firstRow(connection, `SELECT count(*) AS n, ${sums} FROM ${partsSql(directory, [part], "calls")}`),
      await firstRow(
        connection,
        `SELECT coalesce(sum(requests), 0) AS n, sum(total_tokens) AS tokens, sum(cost_usd) AS cost FROM ${partsSql(directory, [part], "hours")}`,
      ),
    ]);
    const findings = (["calls", "hours"] as const)
      .filter((kind) => digestOf(join(directory, part[kind])) !== part.digests[kind])
      .map((kind) => `${part[kind]} has changed since it was written`);
    if (calls?.["n"] !== part.records) findings.push(`${part.calls} does not hold ${part.records} records`);
    if (!isEqual(calls, hours)) findings.push(`${part.hours} is not the sum of ${part.calls}`);
    return findings.map(damage);
  } catch (error) {
    return [damage(`${part.calls} or ${part.hours} cannot be read: ${textOf(error)}`)];
  }
}

function isEqual(one: object | undefined, other: object | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function verifySegment(store: Store, id: string, path: string): readonly Finding[] {
  const track = store.segments.find((segment) => segment.id === id);
  if (track === undefined) return [];
  const { name, bad, duplicates } = track.stateToWrite();
  const findings: Finding[] = [];
  if (!track.isDigestOf(path)) findings.push(damage(`${name} has changed since the store read it`));
  if (bad > 0) findings.push(note(`${name}: ${bad === 1 ? "1 line is not a record" : `${bad} lines are not records`}`));
  if (duplicates > 0) findings.push(note(`${name}: records that are in the ledger a second time: ${duplicates}`));
  return findings;
}

function missingFiles(store: Store): readonly Finding[] {
  const present = new Set(store.files.map(({ id }) => id));
  return store.segments
    .filter(({ id }) => !present.has(id))
    .map((track) => note(`${track.name} is missing; only the store has its ${track.stateToWrite().records} records`));
}

async function verifyIds(store: Store): Promise<readonly Finding[]> {
  try {
    const row = await store.read((connection) =>
      firstRow(connection, "SELECT count(id) - count(DISTINCT id) AS repeated FROM calls"),
    );
    return row["repeated"] === 0 ? [] : [damage(`${String(row["repeated"])} records are in the store more than once`)];
  } catch {
    // A file that cannot be read has been reported already.
    return [];
  }
}

function damage(what: string): Finding {
  return { kind: "damage", what };
}

function note(what: string): Finding {
  return { kind: "note", what };
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
}
