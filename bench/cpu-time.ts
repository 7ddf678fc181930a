import { readFileSync, readdirSync } from "node:fs";

/** Clock ticks per second of /proc; fixed at 100 for user space on every Linux architecture we run on. */
const TICKS_PER_SECOND = 100;

/** CPU time that a process and its threads have used so far, in microseconds. */
export function cpuMicroseconds(pid: number): number {
  return scheduledMicroseconds(pid) ?? tickedMicroseconds(pid);
}

/** CPU time of all child processes of `pid`: the workers of a master process. */
export function childrenCpuMicroseconds(pid: number): number {
  return childrenOf(pid).reduce((sum, child) => sum + cpuMicroseconds(child), 0);
}

export function childrenOf(pid: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((candidate) => parentOf(candidate) === pid);
}

/**
 * The scheduler's counters of all threads. Ended threads are missing, so a difference is only valid while the same threads
 * run, as they do in all proxies here. Not every kernel provides the counters.
 */
function scheduledMicroseconds(pid: number): number | undefined {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "latin1").split(" ")[0]);
    } catch {
      return undefined;
    }
  }
  return nanoseconds / 1000;
}

function tickedMicroseconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  // The command name in parentheses may contain spaces, so fields are counted after it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  return (ticks / TICKS_PER_SECOND) * 1e6;
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined; // the process has ended meanwhile
  }
}
