/** Runs `lmgate start` in a child process and waits for the addresses on which it listens. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

type Environment = Readonly<Record<string, string | undefined>>;

export interface ChildGatewayOptions {
  readonly configPath: string;
  readonly cwd: string;
  readonly env: Environment;
  /** A command that runs Node.js, for example to limit its resources. */
  readonly runner?: readonly string[];
  /** Gives the child its own process group, so that Ctrl-C at the terminal reaches only its parent. */
  readonly detached?: boolean;
  readonly startDeadlineMs?: number;
}

export interface ChildGateway {
  /** `http://127.0.0.1:PORT` */
  readonly address: string;
  readonly admin: string;
  readonly child: ChildProcess;
  /** Resolves to the exit code, or to `null` if a signal ended the process. */
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

/** In a checkout this file and the command line are TypeScript, in the package JavaScript. */
const mainPath = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../cli/main.ts" : "../cli/main.js", import.meta.url),
);

export async function startChildGateway(options: ChildGatewayOptions): Promise<ChildGateway> {
  const [command, ...first] = [...(options.runner ?? []), process.execPath];
  const child = spawn(command, [...first, mainPath, "start", "--config", options.configPath], {
    cwd: options.cwd,
    env: options.env,
    detached: options.detached ?? false,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = capture(child);
  const reap = (): void => void child.kill("SIGKILL"); // The child must not outlive this process.
  process.once("exit", reap);
  const exited = once(child, "close").then(([code]: unknown[]) => {
    process.off("exit", reap);
    return typeof code === "number" ? code : null;
  });
  const start = await waitForStart(child, exited, options.startDeadlineMs ?? 30_000);
  if ("problem" in start) {
    child.kill("SIGKILL");
    await exited;
    throw new GatewayStartError(start.problem, output());
  }
  return { ...start, child, exited, output };
}

/** Removes `LMGATE_*`, which would override the child's configuration with settings of another gateway. */
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

type StartResult = Addresses | { readonly problem: string };

async function waitForStart(
  child: ChildProcess,
  exited: Promise<number | null>,
  deadlineMs: number,
): Promise<StartResult> {
  const started = Promise.withResolvers<StartResult>();
  const timeout = setTimeout(() => started.resolve({ problem: `not listening after ${deadlineMs} ms` }), deadlineMs);
  if (child.stdout) {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const found = addressesIn(line);
      if (found) started.resolve(found);
    });
  }
  const ended = async (): Promise<StartResult> => {
    const code = await exited;
    return { problem: `ended with ${code === null ? "a signal" : `exit code ${code}`}` };
  };
  try {
    return await Promise.race([started.promise, ended()]);
  } finally {
    clearTimeout(timeout);
  }
}

/** Reads the addresses from the log line of the start: `{"msg":"listening","address":"http://…","admin":"http://…"}`. */
function addressesIn(line: string): Addresses | undefined {
  if (!line.startsWith("{") || !line.includes('"listening"')) return undefined;
  const entry: unknown = JSON.parse(line);
  if (typeof entry !== "object" || entry === null || !("msg" in entry) || entry.msg !== "listening") return undefined;
  if (!("address" in entry) || !("admin" in entry)) return undefined;
  return { address: String(entry.address), admin: String(entry.admin) };
}
