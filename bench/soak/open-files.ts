import { readFileSync } from "node:fs";

/** Open files of a gateway besides connections: workers, listeners, the ledger; with some reserve. */
const OTHER_FILES = 120;
/** A stream has one connection downstream and one upstream. */
const FILES_PER_STREAM = 2;

/** The number of streams that the process's limit of open files allows. Node raises its soft limit to the hard one. */
export function streamsAllowed(
  pid: number,
  requested: number,
): { readonly streams: number; readonly reason: string | undefined } {
  const [, soft = "0"] = /Max open files\s+(\d+|unlimited)/.exec(readFileSync(`/proc/${pid}/limits`, "latin1")) ?? [];
  const limit = soft === "unlimited" ? Infinity : Number(soft);
  const possible = Math.floor((limit - OTHER_FILES) / FILES_PER_STREAM);
  if (possible >= requested) return { streams: requested, reason: undefined };
  const needed = requested * FILES_PER_STREAM + OTHER_FILES;
  const reason = `${requested} streams need ${needed} open files in the gateway, the hard limit here is ${limit}: ${possible} streams instead`;
  return { streams: possible, reason };
}
