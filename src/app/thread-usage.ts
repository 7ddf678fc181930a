import { readdirSync, readFileSync } from "node:fs";
import type { ThreadUsage } from "../workers/supervision/worker-judge.ts";

const TASKS = "/proc/self/task";
/** The kernel keeps so many characters of a thread's name. */
const NAME_LENGTH = 15;

/**
 * The CPU time and state of the thread with this name, which is that of its worker (proc(5): task/comm, schedstat, stat).
 * `undefined` where there is no such file system or no such thread.
 */
export function readThreadUsage(name: string): ThreadUsage | undefined {
  try {
    const task = readdirSync(TASKS).find((each) => nameOf(each) === name.slice(0, NAME_LENGTH));
    if (task === undefined) return undefined;
    const [nanoseconds = ""] = readFileSync(`${TASKS}/${task}/schedstat`, "utf8").split(" ");
    const stat = readFileSync(`${TASKS}/${task}/stat`, "utf8");
    const state = stat.charAt(stat.lastIndexOf(")") + 2);
    return { cpuMs: Number(nanoseconds) / 1e6, isRunnable: state === "R" };
  } catch {
    return undefined; // The thread has just ended, or this is not Linux.
  }
}

function nameOf(task: string): string {
  return readFileSync(`${TASKS}/${task}/comm`, "utf8").trimEnd();
}
