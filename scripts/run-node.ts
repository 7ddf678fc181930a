import { spawn } from "node:child_process";
import { constants } from "node:os";

export interface Ended {
  readonly exitCode: number;
  readonly output: string;
}

interface Options {
  readonly cwd: string;
  readonly show: boolean;
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** The process gets SIGTERM after this time. */
  readonly limitMs?: number;
  /** Checked every few seconds; the process gets SIGTERM once it returns true. */
  readonly isStuck?: () => boolean;
}

const STUCK_CHECK_MS = 5_000;
const FORWARDED_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Runs a file with Node; its output is shown as it arrives, or collected. */
export async function runNode(args: readonly string[], options: Options): Promise<Ended> {
  const child = spawn(process.execPath, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: options.show ? "inherit" : ["ignore", "pipe", "pipe"],
  });
  const output: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => output.push(chunk));

  const forward = (signal: NodeJS.Signals): unknown => child.kill(signal);
  for (const signal of FORWARDED_SIGNALS) process.on(signal, forward);
  const limit = options.limitMs === undefined ? undefined : setTimeout(forward, options.limitMs, "SIGTERM");
  const stuckCheck = setInterval(() => {
    if (options.isStuck?.() === true) child.kill("SIGTERM");
  }, STUCK_CHECK_MS);
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
  clearTimeout(limit);
  clearInterval(stuckCheck);
  for (const signal of FORWARDED_SIGNALS) process.removeListener(signal, forward);
  return { exitCode, output: Buffer.concat(output).toString() };
}
