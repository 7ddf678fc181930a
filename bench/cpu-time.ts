import { readFileSync, readdirSync } from "node:fs";

/** Clock ticks per second of /proc; fixed at 100 for user space on every Linux architecture we run on. */
const TICKS_PER_SECOND = 100;

/** CPU time that a process and its threads have used so far, in microseconds. */
export function cpuMicroseconds(pid: number): number {
  return scheduledMicroseconds(pid) ?? tickedMicroseconds(pid);
}

/** CPU time of all processes whose parent is `pid`: the workers of a master. */
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
 * What the scheduler counted for each thread, in nanoseconds. Threads that ended are missing, which is why the difference
 * of two moments is only good while the same threads run; all proxies here keep theirs. Not every kernel has it.
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
  // The command name, in parentheses, may hold spaces: fields are counted from behind it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  return (ticks / TICKS_PER_SECOND) * 1e6;
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined; // it ended while we looked
  }
}
