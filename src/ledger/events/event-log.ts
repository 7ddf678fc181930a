import { closeSync, openSync } from "node:fs";
import { errorCode } from "../../core/errno.ts";
import type { GapReason } from "./ledger-event.ts";
import { wholeLines } from "../../jsonl/whole-lines.ts";

/** Numbers of which an event says that they are not in the file, and why. */
export interface ToldGap {
  readonly from: number;
  readonly to: number;
  readonly reason: GapReason | "moved" | "truncated";
  /** When the first was lost, or when it was noticed. */
  readonly since: string;
}

/** What the events say of one instance. */
export interface ToldInstance {
  readonly gaps: readonly ToldGap[];
  readonly segments: readonly { readonly segment: string; readonly lastSeq: number }[];
  /** The last number it gave; `undefined` while it runs, or where nobody said. */
  readonly lastSeq: number | undefined;
  readonly ended: "stopped" | "crashed" | undefined;
  /** Calls that were known to run when it crashed, and those that got a record. */
  readonly inFlight: number;
}

export interface EventLog {
  readonly found: boolean;
  readonly instances: ReadonlyMap<string, ToldInstance>;
  /** The one that started last. */
  readonly latest: string | undefined;
}

interface Telling {
  gaps: ToldGap[];
  segments: { segment: string; lastSeq: number }[];
  /** The last number that went into files which are no longer at the path. */
  boundary: number;
  lastSeq: number | undefined;
  ended: "stopped" | "crashed" | undefined;
  inFlight: number;
}

/** Reads the file of events; lines that are none are passed over. */
export function readEvents(path: string): EventLog {
  const instances = new Map<string, Telling>();
  let latest: string | undefined;
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    return { found: false, instances, latest };
  }
  try {
    for (const bytes of wholeLines(fd, () => {})) {
      for (const line of bytes.toString().split("\n")) {
        const event = eventOn(line);
        const name = event["instance"];
        if (typeof name !== "string") continue;
        let telling = instances.get(name);
        if (telling === undefined) {
          telling = { gaps: [], segments: [], boundary: 0, lastSeq: undefined, ended: undefined, inFlight: 0 };
          instances.set(name, telling);
        }
        if (event["event"] === "started") latest = name;
        add(telling, event);
      }
    }
  } finally {
    closeSync(fd);
  }
  return { found: true, instances, latest };
}

type Found = Readonly<Record<string, unknown>>;

function add(telling: Telling, event: Found): void {
  const lastSeq = numberAt(event, "last_seq");
  switch (event["event"]) {
    case "gap":
      telling.gaps.push({
        from: numberAt(event, "from_seq"),
        to: numberAt(event, "to_seq"),
        reason: String(event["reason"]) as GapReason, // Shown, never decided by.
        since: String(event["from"]),
      });
      break;
    case "moved":
    case "truncated":
      // What the file held that was at the path until then.
      telling.gaps.push({
        from: telling.boundary + 1,
        to: lastSeq,
        reason: event["event"],
        since: String(event["at"]),
      });
      telling.boundary = lastSeq;
      break;
    case "rotated":
      telling.boundary = lastSeq;
      telling.segments.push({ segment: String(event["segment"]), lastSeq });
      break;
    case "stopped":
    case "crashed":
      telling.ended = event["event"];
      telling.lastSeq = lastSeq;
      telling.inFlight = numberAt(event, "in_flight");
      break;
    default:
  }
}

function numberAt(event: Found, name: string): number {
  const value = event[name];
  return typeof value === "number" ? value : 0;
}

function eventOn(line: string): Found {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null) return value as Found; // Read by name, each member checked.
  } catch {
    // Its writer died on it.
  }
  return {};
}
