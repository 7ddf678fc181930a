import { closeSync, openSync } from "node:fs";
import { errorCode } from "../../core/errno.ts";
import { lineBlocks, splitLines } from "../../jsonl/read-lines.ts";
import { readTail } from "../../jsonl/read-tail.ts";
import type { GapReason } from "./ledger-event.ts";

/** A range of sequence numbers that an event reports as missing. */
export interface ReportedGap {
  readonly from: number;
  readonly to: number;
  readonly reason: GapReason | "moved" | "truncated";
  /** When the first record was lost, or when the loss was noticed. */
  readonly since: string;
}

/** The history of one instance, from its events. */
export interface InstanceHistory {
  readonly gaps: readonly ReportedGap[];
  readonly segments: readonly { readonly segment: string; readonly lastSeq: number }[];
  /** The last sequence number it assigned; `undefined` while it runs, or if no event says. */
  readonly lastSeq: number | undefined;
  readonly ended: "stopped" | "crashed" | undefined;
  /** Requests that were known to be running when it crashed. */
  readonly inFlight: number;
}

export interface EventHistory {
  /** False if there is no file of events. */
  readonly found: boolean;
  readonly instances: ReadonlyMap<string, InstanceHistory>;
  /** The instance that started last. */
  readonly latest: string | undefined;
}

interface InstanceState {
  gaps: ReportedGap[];
  segments: { segment: string; lastSeq: number }[];
  /** The last sequence number in files that are no longer at the path. */
  movedUpTo: number;
  lastSeq: number | undefined;
  ended: "stopped" | "crashed" | undefined;
  inFlight: number;
}

/** Much more than the events of one run. */
const MAX_TAIL_BYTES = 1024 * 1024;

/** Reads the whole file of events. Lines that are not events are skipped. */
export function readEvents(path: string): EventHistory {
  const instances = new Map<string, InstanceState>();
  let latest: string | undefined;
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    return { found: false, instances, latest };
  }
  try {
    for (const { bytes } of lineBlocks(fd, { from: 0, finished: false })) {
      for (const line of splitLines(bytes)) {
        const event = parseEvent(line.toString("utf8"));
        const name = event["instance"];
        if (typeof name !== "string") continue;
        const state = instances.get(name) ?? newInstance();
        instances.set(name, state);
        if (event["event"] === "started") latest = name;
        apply(state, event);
      }
    }
  } finally {
    closeSync(fd);
  }
  return { found: true, instances, latest };
}

/** The instance that started last, if no event says that it has ended. */
export function runningInstance(path: string): string | undefined {
  let running: string | undefined;
  for (const line of readTail(path, MAX_TAIL_BYTES)) {
    const { event, instance } = parseEvent(line);
    if (typeof instance !== "string") continue;
    if (event === "started") running = instance;
    else if ((event === "stopped" || event === "crashed") && instance === running) running = undefined;
  }
  return running;
}

type ParsedEvent = Readonly<Record<string, unknown>>;

function newInstance(): InstanceState {
  return { gaps: [], segments: [], movedUpTo: 0, lastSeq: undefined, ended: undefined, inFlight: 0 };
}

function apply(state: InstanceState, event: ParsedEvent): void {
  const lastSeq = numberAt(event, "last_seq");
  switch (event["event"]) {
    case "gap":
      state.gaps.push({
        from: numberAt(event, "from_seq"),
        to: numberAt(event, "to_seq"),
        // as: an unknown reason is shown as it is; no code branches on it.
        reason: String(event["reason"]) as GapReason,
        since: String(event["from"]),
      });
      break;
    case "moved":
    case "truncated":
      // Everything that the file at the path held until then.
      state.gaps.push({
        from: state.movedUpTo + 1,
        to: lastSeq,
        reason: event["event"],
        since: String(event["at"]),
      });
      state.movedUpTo = lastSeq;
      break;
    case "rotated":
      state.movedUpTo = lastSeq;
      state.segments.push({ segment: String(event["segment"]), lastSeq });
      break;
    case "stopped":
    case "crashed":
      state.ended = event["event"];
      state.lastSeq = lastSeq;
      state.inFlight = numberAt(event, "in_flight");
      break;
    default:
  }
}

function numberAt(event: ParsedEvent, name: string): number {
  const value = event[name];
  return typeof value === "number" ? value : 0;
}

function parseEvent(line: string): ParsedEvent {
  try {
    const value: unknown = JSON.parse(line);
    // as: any object may be read by name; each member is checked where it is used.
    if (typeof value === "object" && value !== null) return value as ParsedEvent;
  } catch {
    // A line that a crash or another program left behind.
  }
  return {};
}
