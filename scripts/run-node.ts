import { spawn } from "node:child_process";
import { constants } from "node:os";

export interface Ended {
  readonly exitCode: number;
  readonly output: string;
}

interface Options {
  readonly cwd: string;
  readonly show: boolean;
  /** After which it is told to end. */
  readonly limitMs?: number;
}

const PASSED_ON = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Runs Node on a file of this project or of a tool; what it says is shown as it comes, or gathered. */
export async function runNode(args: readonly string[], options: Options): Promise<Ended> {
  const child = spawn(process.execPath, args, {
    cwd: options.cwd,
    stdio: options.show ? "inherit" : ["ignore", "pipe", "pipe"],
  });
  const output: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => output.push(chunk));

  const passOn = (signal: NodeJS.Signals): unknown => child.kill(signal);
  for (const signal of PASSED_ON) process.on(signal, passOn);
  const limit = options.limitMs === undefined ? undefined : setTimeout(passOn, options.limitMs, "SIGTERM");
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
  clearTimeout(limit);
  for (const signal of PASSED_ON) process.removeListener(signal, passOn);
  return { exitCode, output: Buffer.concat(output).toString() };
}
