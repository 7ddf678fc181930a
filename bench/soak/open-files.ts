import { readFileSync } from "node:fs";

/** What a gateway has open besides its calls: threads, listeners, the ledger; and some air. */
const OTHER_FILES = 120;
/** A stream is a connection on either side. */
const FILES_PER_STREAM = 2;

/** How many streams the limit on open files of that process lets through. Node raises its own soft limit to the hard one. */
export function streamsAllowed(
  pid: number,
  asked: number,
): { readonly streams: number; readonly why: string | undefined } {
  const [, soft = "0"] = /Max open files\s+(\d+|unlimited)/.exec(readFileSync(`/proc/${pid}/limits`, "latin1")) ?? [];
  const limit = soft === "unlimited" ? Infinity : Number(soft);
  const possible = Math.floor((limit - OTHER_FILES) / FILES_PER_STREAM);
  if (possible >= asked) return { streams: asked, why: undefined };
  const needed = asked * FILES_PER_STREAM + OTHER_FILES;
  const why = `${asked} streams need ${needed} open files in the gateway, the hard limit here is ${limit}: ${possible} streams instead`;
  return { streams: possible, why };
}
