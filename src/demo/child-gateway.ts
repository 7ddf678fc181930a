/** Runs `lmgate start` as a process of its own and waits until it says where it listens. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

type Environment = Readonly<Record<string, string | undefined>>;

export interface ChildGatewayOptions {
  readonly configPath: string;
  readonly cwd: string;
  readonly env: Environment;
  /** A process group of its own, so that a Ctrl-C at the terminal reaches its parent alone. */
  readonly detached?: boolean;
  readonly startDeadlineMs?: number;
}

export interface ChildGateway {
  /** `http://127.0.0.1:PORT` */
  readonly address: string;
  readonly admin: string;
  readonly child: ChildProcess;
  /** The exit code; `null` if a signal ended it. */
  readonly exited: Promise<number | null>;
  readonly output: () => Output;
}

interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

export class GatewayStartError extends Error {
  readonly output: Output;

  constructor(message: string, output: Output) {
    super(message);
    this.output = output;
  }
}

/** This file runs as TypeScript from a checkout and as JavaScript from the package; so does the command line. */
const mainPath = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../cli/main.ts" : "../cli/main.js", import.meta.url),
);

export async function startChildGateway(options: ChildGatewayOptions): Promise<ChildGateway> {
  const child = spawn(process.execPath, [mainPath, "start", "--config", options.configPath], {
    cwd: options.cwd,
    env: options.env,
    detached: options.detached ?? false,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = capture(child);
  const reap = (): void => void child.kill("SIGKILL"); // Nobody may outlive the process that started it.
  process.once("exit", reap);
  const exited = once(child, "close").then(([code]: unknown[]) => {
    process.off("exit", reap);
    return typeof code === "number" ? code : null;
  });
  const told = await firstWord(child, exited, options.startDeadlineMs ?? 30_000);
  if ("problem" in told) {
    child.kill("SIGKILL");
    await exited;
    throw new GatewayStartError(told.problem, output());
  }
  return { ...told, child, exited, output };
}

/** The gateway reads `LMGATE_*` over its file; what stands in the caller's shell is meant for another gateway. */
export function withoutGatewaySettings(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("LMGATE_")));
}

function capture(child: ChildProcess): () => Output {
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => void (stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => void (stderr += text));
  return () => ({ stdout, stderr });
}

interface Addresses {
  readonly address: string;
  readonly admin: string;
}

type FirstWord = Addresses | { readonly problem: string };

async function firstWord(child: ChildProcess, exited: Promise<number | null>, deadlineMs: number): Promise<FirstWord> {
  const first = Promise.withResolvers<FirstWord>();
  const late = setTimeout(() => first.resolve({ problem: `not listening after ${deadlineMs} ms` }), deadlineMs);
  if (child.stdout) {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const found = addressesIn(line);
      if (found) first.resolve(found);
    });
  }
  const ended = async (): Promise<FirstWord> => {
    const code = await exited;
    return { problem: `ended with ${code === null ? "a signal" : `exit code ${code}`}` };
  };
  try {
    return await Promise.race([first.promise, ended()]);
  } finally {
    clearTimeout(late);
  }
}

/** The start-up line of the log: `{"msg":"listening","address":"http://…","admin":"http://…"}`. */
function addressesIn(line: string): Addresses | undefined {
  if (!line.startsWith("{") || !line.includes('"listening"')) return undefined;
  const entry: unknown = JSON.parse(line);
  if (typeof entry !== "object" || entry === null || !("msg" in entry) || entry.msg !== "listening") return undefined;
  if (!("address" in entry) || !("admin" in entry)) return undefined;
  return { address: String(entry.address), admin: String(entry.admin) };
}
