import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

import { errorCode } from "../../core/errno.ts";

/** Identifies a process precisely enough to tell later whether the same process is still running. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /**
   * The space in which pids are unique: this boot of this kernel, and the pid namespace. A host name is not enough, since
   * two containers may share one and both be pid 1. `null` if the system does not say.
   */
  readonly pidSpace: string | null;
  /** When the process started, in the kernel's ticks; distinguishes a process from a later one with the same pid. */
  readonly startedAt: string | null;
}

export function ownIdentity(): ProcessIdentity {
  return {
    pid: process.pid,
    host: hostname(),
    pidSpace: pidSpace(),
    startedAt: processState(process.pid)?.startedAt ?? null,
  };
}

export function isSameProcess(one: ProcessIdentity, other: ProcessIdentity): boolean {
  return one.pid === other.pid && one.pidSpace === other.pidSpace && one.startedAt === other.startedAt;
}

/** "unknown" unless it is certain: the processes of another container or machine cannot be seen from here. */
export function liveness(identity: ProcessIdentity): "alive" | "dead" | "unknown" {
  const space = pidSpace();
  if (space === null || identity.pidSpace !== space) return "unknown";
  if (!exists(identity.pid)) return "dead";
  const state = processState(identity.pid);
  // /proc may hide the processes of other users (hidepid), so a process that cannot be seen may be alive.
  if (state === undefined || identity.startedAt === null) return "unknown";
  return state.isZombie || state.startedAt !== identity.startedAt ? "dead" : "alive";
}

function pidSpace(): string | null {
  // Without pid namespaces, pids are unique on the machine.
  if (process.platform !== "linux") return hostname();
  try {
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim()} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return null;
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) !== "ESRCH";
  }
}

/** proc_pid_stat(5): the third field is the state, the 22nd the start time; the second may contain spaces and parentheses. */
function processState(pid: number): { readonly isZombie: boolean; readonly startedAt: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const startedAt = fields[19];
    if (startedAt === undefined) return undefined;
    return { isZombie: fields[0] === "Z" || fields[0] === "X", startedAt };
  } catch {
    return undefined;
  }
}
