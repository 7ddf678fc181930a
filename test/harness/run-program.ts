/** Runs programs as a user would: npm, the command line, and the commands in documents. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { delimiter, dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { withoutGatewaySettings } from "../../src/demo/child-gateway.ts";

export interface Ran {
  /** `null` if a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const repository = join(import.meta.dirname, "../..");

export async function run(file: string, args: readonly string[], cwd: string = repository): Promise<Ran> {
  const child = spawn(file, args, { cwd, env: environment(), stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr, ended]: [string, string, readonly unknown[]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { code: typeof ended[0] === "number" ? ended[0] : null, stdout, stderr };
}

export function runNpm(args: readonly string[]): Promise<Ran> {
  const cli = process.env["npm_execpath"];
  return cli === undefined ? run("npm", args) : run(process.execPath, [cli, ...args]);
}

export function runLmgate(args: readonly string[]): Promise<Ran> {
  return run(process.execPath, [join(repository, "src", "cli", "main.ts"), ...args]);
}

/** Scripts find Node.js on the PATH, so the PATH starts with the one that runs the tests. */
function environment(): NodeJS.ProcessEnv {
  const path = `${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}`;
  return { ...withoutGatewaySettings(process.env), PATH: path };
}
