/**
 * Starts the real LMGate, as a process of its own, for the tests that look at it from outside.
 * Nothing of the gateway is replaced: the command line, the threads and the files are the ones that ship.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import type { CallRecord } from "../src/core/call-record.ts";

const mainPath = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const startDeadlineMs = 30_000;
const recordDeadlineMs = 15_000;

export interface AllowedKey {
  readonly id: string;
  readonly key: string;
  readonly owner: string;
}

export const testKey: AllowedKey = { id: "k-test", key: "sk-test-0123456789-abcdef", owner: "tests" };

/** A section of the configuration as it is written in the file. */
type Section = Readonly<Record<string, unknown>>;

export interface GatewayOptions {
  /** Laid over the test defaults section by section; `providers` replaces nothing but what it names. */
  readonly config?: Readonly<Record<string, Section>>;
  readonly keys?: readonly AllowedKey[];
  /** The whole allow-list file, instead of `keys`. */
  readonly allowlist?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Gateway {
  /** `http://127.0.0.1:PORT`, no trailing slash. */
  readonly url: string;
  readonly adminUrl: string;
  readonly port: number;
  readonly adminPort: number;
  readonly pid: number;
  readonly directory: string;
  readonly dataDir: string;
  readonly statsPath: string;
  readonly allowlistPath: string;
  /** Everything the process wrote so far; for messages and for searching what must not be there. */
  output(): { readonly stdout: string; readonly stderr: string };
  /** Waits until at least `count` records stand in the stats file, and gives all of them. */
  records(count: number): Promise<CallRecord[]>;
  signal(name: NodeJS.Signals): void;
  /** The exit code (128 + signal number has no place here: a signal death gives `null`). */
  exited(): Promise<number | null>;
  /** SIGTERM, waits for the end, reads the last records, removes the directory. */
  stop(): Promise<number | null>;
}

export async function startGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const directory = await mkdtemp(join(tmpdir(), "lmgate-test-"));
  const dataDir = join(directory, "data");
  await mkdir(dataDir);
  const allowlistPath = join(dataDir, "allowlist.csv");
  await writeFile(allowlistPath, options.allowlist ?? allowlistText(options.keys ?? [testKey]));
  const configPath = join(directory, "lmgate.yaml");
  await writeFile(configPath, JSON.stringify(configuration(options.config ?? {}), undefined, 2)); // JSON is YAML

  const child = spawn(process.execPath, [mainPath, "start", "--config", configPath], {
    cwd: directory,
    env: { ...inheritedEnvironment(), ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const captured = capture(child);
  const reap = (): void => void child.kill("SIGKILL");
  process.once("exit", reap);
  const exit = once(child, "exit").then(([code]: unknown[]) => {
    process.off("exit", reap);
    return typeof code === "number" ? code : null;
  });

  try {
    const addresses = await listening(child, exit);
    return running({ child, exit, captured, directory, addresses });
  } catch (cause) {
    child.kill("SIGKILL");
    await exit;
    await rm(directory, { recursive: true, force: true });
    const { stdout, stderr } = captured();
    throw new Error(`the gateway did not start\nstdout: ${stdout}\nstderr: ${stderr}`, { cause });
  }
}

export function allowlistText(keys: readonly AllowedKey[]): string {
  const rows = keys.map(({ id, key, owner }) => `${id},${key},${owner},2026-11-01`);
  return ["id,api_key,owner,added", ...rows, ""].join("\n");
}

export function parseRecords(text: string): CallRecord[] {
  const whole = text.slice(0, text.lastIndexOf("\n") + 1); // A line still being written is not a record yet.
  // The file is ours and every line is a record: what else a line holds is for the test to find.
  return whole.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as CallRecord]));
}

function configuration(over: Readonly<Record<string, Section>>): Record<string, Section> {
  const defaults: Record<string, Section> = {
    server: { host: "127.0.0.1", port: 0, workers: 1 },
    admin: { host: "127.0.0.1", port: 0, token_path: "data/admin-token" },
    auth: { allowlist_path: "data/allowlist.csv" },
    stats: { output_path: "data/stats.jsonl", flush_interval_seconds: 1 },
    logging: { level: "INFO" },
    timeouts: { drain_seconds: 5 },
  };
  const sections = new Set([...Object.keys(defaults), ...Object.keys(over)]);
  return Object.fromEntries([...sections].map((name) => [name, { ...defaults[name], ...over[name] }]));
}

/** The gateway reads `LMGATE_*`; a value from the developer's shell must not reach a test. */
function inheritedEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("LMGATE_")));
}

function capture(child: ChildProcess): () => { stdout: string; stderr: string } {
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

async function listening(child: ChildProcess, exit: Promise<number | null>): Promise<Addresses> {
  const { stdout } = child;
  if (!stdout) throw new Error("no stdout");
  const lines = createInterface({ input: stdout });
  const told = new Promise<Addresses>((resolve) => {
    lines.on("line", (line) => {
      const found = addressesIn(line);
      if (found) resolve(found);
    });
  });
  const ended = exit.then((code) => Promise.reject(new Error(`ended with exit code ${code}`)));
  const late = new AbortController();
  const deadline = delay(startDeadlineMs, undefined, { signal: late.signal, ref: false }).then(() =>
    Promise.reject(new Error(`not listening after ${startDeadlineMs} ms`)),
  );
  try {
    return await Promise.race([told, ended, deadline]);
  } finally {
    late.abort();
    ended.catch(() => undefined); // Once it listens, its end is reported by `exited`, not here.
    deadline.catch(() => undefined);
  }
}

function addressesIn(line: string): Addresses | undefined {
  if (!line.startsWith("{")) return undefined;
  const entry: unknown = JSON.parse(line);
  if (typeof entry !== "object" || entry === null || !("msg" in entry) || entry.msg !== "listening") return undefined;
  if (!("address" in entry) || !("admin" in entry)) return undefined;
  return { address: String(entry.address), admin: String(entry.admin) };
}

interface Launched {
  readonly child: ChildProcess;
  readonly exit: Promise<number | null>;
  readonly captured: () => { stdout: string; stderr: string };
  readonly directory: string;
  readonly addresses: Addresses;
}

function running({ child, exit, captured, directory, addresses }: Launched): Gateway {
  const dataDir = join(directory, "data");
  const statsPath = join(dataDir, "stats.jsonl");
  let lastRecords: CallRecord[] | undefined;

  const records = async (count: number): Promise<CallRecord[]> => {
    const deadline = performance.now() + recordDeadlineMs;
    for (;;) {
      const found = lastRecords ?? parseRecords(await readFile(statsPath, "utf8").catch(emptyIfAbsent));
      if (found.length >= count) return found;
      if (lastRecords || performance.now() > deadline) {
        throw new Error(`${found.length} records instead of ${count}: ${JSON.stringify(found)}\n${captured().stderr}`);
      }
      await delay(10);
    }
  };

  return {
    url: addresses.address,
    adminUrl: addresses.admin,
    port: Number(new URL(addresses.address).port),
    adminPort: Number(new URL(addresses.admin).port),
    pid: child.pid ?? -1,
    directory,
    dataDir,
    statsPath,
    allowlistPath: join(dataDir, "allowlist.csv"),
    output: captured,
    records,
    signal: (name) => void child.kill(name),
    exited: () => exit,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
      const code = await exit;
      lastRecords ??= parseRecords(await readFile(statsPath, "utf8").catch(emptyIfAbsent));
      await rm(directory, { recursive: true, force: true });
      return code;
    },
  };
}

function emptyIfAbsent(error: NodeJS.ErrnoException): string {
  if (error.code === "ENOENT") return "";
  throw error;
}
