import { closeSync, fchmodSync, fchownSync, fstatSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { recordOnLine } from "../../core/request/record-line.ts";
import { billingOf } from "../../core/request/billing.ts";
import { writeFully } from "../../jsonl/file-bytes.ts";
import { lineBlocks } from "../../jsonl/read-lines.ts";
import type { Prices } from "../../prices/prices.ts";
import { costMembers } from "../costs/cost-annotator.ts";
import { syncDirectoryOf } from "../files/rotation.ts";

// Recomputes the costs of records in closed segments. A segment is replaced as a whole: its name leads to the old file or
// to the complete new one at any moment.

export interface RepriceOptions {
  readonly prices: Prices;
  readonly dryRun: boolean;
  /** Called after each block, with the bytes read since the last time. */
  readonly onRead: (bytes: number) => void;
}

export interface RepriceResult {
  readonly records: number;
  readonly changed: number;
  readonly beforeUsd: number;
  readonly afterUsd: number;
}

/** Small, because `onRead` moves the progress bar and renews the lock. */
const BLOCK_BYTES = 1024 * 1024;

/** The caller holds the lock for repricing, so a temporary file that exists was left by a command that died. */
export function repriceSegment(path: string, options: RepriceOptions): RepriceResult {
  const temporary = join(dirname(path), `.${basename(path)}.repriced`);
  const from = openSync(path, "r");
  try {
    if (options.dryRun) return reprice(from, undefined, options);
    const to = openSync(temporary, "w", 0o600);
    let result: RepriceResult;
    try {
      result = reprice(from, to, options);
      if (result.changed > 0) copyOwnerAndSync(from, to);
    } finally {
      closeSync(to);
    }
    if (result.changed === 0) rmSync(temporary);
    else {
      renameSync(temporary, path);
      syncDirectoryOf(path);
    }
    return result;
  } catch (error) {
    if (!options.dryRun) rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(from);
  }
}

function copyOwnerAndSync(from: number, to: number): void {
  const { mode, uid, gid } = fstatSync(from);
  const created = fstatSync(to);
  if (created.uid !== uid || created.gid !== gid) fchownSync(to, uid, gid);
  fchmodSync(to, mode & 0o7777);
  fsyncSync(to);
}

function reprice(from: number, to: number | undefined, { prices, onRead }: RepriceOptions): RepriceResult {
  const sums = { records: 0, changed: 0, beforeUsd: 0, afterUsd: 0 };
  for (const { bytes } of lineBlocks(from, { from: 0, finished: true, blockBytes: BLOCK_BYTES })) {
    onRead(bytes.length);
    const out: string[] = [];
    // Latin-1 maps each byte to one character, so that bytes which are not UTF-8 are written back unchanged.
    for (const line of bytes.toString("latin1").split("\n")) {
      const repriced = line === "" ? undefined : repriceLine(line, prices);
      out.push(repriced?.line ?? line);
      if (repriced === undefined) continue;
      sums.records++;
      sums.beforeUsd += repriced.before;
      sums.afterUsd += repriced.after;
      if (repriced.line !== line) sums.changed++;
    }
    if (to !== undefined) writeFully(to, Buffer.from(out.join("\n"), "latin1"));
  }
  return sums;
}

interface RepricedLine {
  /** The same line with its new cost. */
  readonly line: string;
  readonly before: number;
  readonly after: number;
}

/** The members that the ledger appends to every record. Quotes within strings are escaped, so no other text matches. */
const APPENDED =
  /(?:,"cost_usd":(?:null|[-+.\deE]+),"cost_source":"[a-z]+")?(,"instance":"(?:[^"\\]|\\.)*","seq":\d+)?\}$/;

/** `undefined` for a line that has no cost or is not a record. */
function repriceLine(line: string, prices: Prices): RepricedLine | undefined {
  const record = recordOnLine(line);
  const billing = record && billingOf(record);
  if (record === undefined || billing === undefined || !Number.isFinite(billing.at)) return undefined;
  const cost = prices.costOf(billing);
  // Other programs may have written the line: where its amounts give no finite cost, it keeps its own.
  if (cost.usd !== null && !Number.isFinite(cost.usd)) return undefined;
  const text = line.replace(APPENDED, (_match, position: string = "") => `${costMembers(cost)}${position}}`);
  return { line: text, before: record.cost_usd ?? 0, after: cost.usd ?? 0 };
}
