/**
 * Starts the real LMGate in a process of its own, for tests from outside. No part is replaced: command line, workers and
 * files are the ones that ship.
 */
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { HANG_MS } from "./until.ts";
import {
  GatewayStartError,
  startChildGateway,
  withoutGatewaySettings,
  type ChildGateway,
} from "../../src/demo/child-gateway.ts";
import { parseRecords } from "../../src/demo/usage-table.ts";
import type { RequestRecord } from "../../src/core/request/request-record.ts";
import { assertValid } from "./record-schema.ts";

export interface AllowedKey {
  readonly id: string;
  readonly key: string;
  readonly owner: string;
}

export const testKey: AllowedKey = { id: "k-test", key: "sk-test-0123456789-abcdef", owner: "tests" };

/** A section of the configuration, as it is written in the file. */
type Section = Readonly<Record<string, unknown>>;

export interface GatewayOptions {
  /** Merged into the test defaults section by section. */
  readonly config?: Readonly<Record<string, Section>>;
  readonly keys?: readonly AllowedKey[];
  /** The whole allow-list file, in place of `keys`. */
  readonly allowlist?: string;
  /** Files in the data directory before the start, by name. */
  readonly data?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Starts without an admin token, as on a first start: LMGate generates and prints one. */
  readonly firstStart?: boolean;
  /** A command that runs Node.js, for example to limit its resources. */
  readonly runner?: readonly string[];
  /** Prepares the directory before the start. */
  readonly before?: (directory: string) => void;
}

export interface Gateway {
  /** `http://127.0.0.1:PORT`, without a trailing slash. */
  readonly url: string;
  readonly adminUrl: string;
  readonly port: number;
  readonly adminPort: number;
  readonly pid: number;
  readonly directory: string;
  readonly dataDir: string;
  readonly statsPath: string;
  readonly allowlistPath: string;
  /** Everything that the process has written so far. */
  output(): { readonly stdout: string; readonly stderr: string };
  /** Waits until the stats file has at least `count` records, and returns all of them. An unsound record fails the test. */
  records(count: number): Promise<RequestRecord[]>;
  signal(name: NodeJS.Signals): void;
  /** The exit code; `null` if a signal ended the process. */
  exited(): Promise<number | null>;
  /** Sends SIGTERM, waits for the end, reads the last records and removes the directory. */
  stop(): Promise<number | null>;
}

export async function startGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const directory = await mkdtemp(join(tmpdir(), "lmgate-test-"));
  const dataDir = join(directory, "data");
  await mkdir(dataDir);
  const allowlistPath = join(dataDir, "allowlist.csv");
  await writeFile(allowlistPath, options.allowlist ?? allowlistText(options.keys ?? [testKey]));
  for (const [name, text] of Object.entries(options.data ?? {})) await writeFile(join(dataDir, name), text);
  const configPath = join(directory, "lmgate.yaml");
  await writeFile(configPath, JSON.stringify(configuration(options.config ?? {}), undefined, 2)); // JSON is YAML

  if (options.firstStart !== true && options.env?.["LMGATE_ADMIN__TOKEN"] === undefined) {
    await writeFile(join(dataDir, "admin-token"), `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600 });
  }

  try {
    options.before?.(directory);
    const gateway = await startChildGateway({
      configPath,
      cwd: directory,
      env: { ...withoutGatewaySettings(process.env), ...options.env },
      startDeadlineMs: HANG_MS,
      ...(options.runner === undefined ? {} : { runner: options.runner }),
    });
    return running(gateway, directory);
  } catch (cause) {
    await rm(directory, { recursive: true, force: true });
    if (!(cause instanceof GatewayStartError)) throw cause;
    const { stdout, stderr } = cause.output;
    throw new Error(`${cause.message}\nstdout: ${stdout}\nstderr: ${stderr}`, { cause });
  }
}

export function allowlistText(keys: readonly AllowedKey[]): string {
  const rows = keys.map(({ id, key, owner }) => `${id},${key},${owner},2026-11-01`);
  return ["id,api_key,owner,added", ...rows, ""].join("\n");
}

function configuration(over: Readonly<Record<string, Section>>): Record<string, Section> {
  const defaults: Record<string, Section> = {
    server: { host: "127.0.0.1", port: 0, workers: 1 },
    admin: { host: "127.0.0.1", port: 0, token_path: "data/admin-token" },
    auth: { allowlist_path: "data/allowlist.csv" },
    stats: { output_path: "data/stats.jsonl", flush_interval_seconds: 1 },
    // The store is one more process per gateway, so tests that need it enable it.
    store: { enabled: false },
    logging: { level: "INFO" },
    timeouts: { drain_seconds: 5 },
  };
  const sections = new Set([...Object.keys(defaults), ...Object.keys(over)]);
  return Object.fromEntries([...sections].map((name) => [name, { ...defaults[name], ...over[name] }]));
}

function running({ address, admin, child, exited, output }: ChildGateway, directory: string): Gateway {
  const dataDir = join(directory, "data");
  const statsPath = join(dataDir, "stats.jsonl");
  let lastRecords: RequestRecord[] | undefined;
  let checked = 0;
  const sound = (found: RequestRecord[]): RequestRecord[] => {
    for (const record of found.slice(checked)) assertValid(record);
    checked = Math.max(checked, found.length);
    return found;
  };

  const records = async (count: number): Promise<RequestRecord[]> => {
    const deadline = performance.now() + HANG_MS;
    for (;;) {
      const found = lastRecords ?? parseRecords(await readFile(statsPath, "utf8").catch(emptyIfAbsent));
      if (found.length >= count) return sound(found);
      if (lastRecords || performance.now() > deadline) {
        throw new Error(`${found.length} records instead of ${count}: ${JSON.stringify(found)}\n${output().stderr}`);
      }
      await delay(10);
    }
  };

  return {
    url: address,
    adminUrl: admin,
    port: Number(new URL(address).port),
    adminPort: Number(new URL(admin).port),
    pid: child.pid ?? -1,
    directory,
    dataDir,
    statsPath,
    allowlistPath: join(dataDir, "allowlist.csv"),
    output,
    records,
    signal: (name) => void child.kill(name),
    exited: () => exited,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
      const code = await exited;
      lastRecords ??= parseRecords(await readFile(statsPath, "utf8").catch(emptyIfAbsent));
      await rm(directory, { recursive: true, force: true });
      sound(lastRecords);
      return code;
    },
  };
}

function emptyIfAbsent(error: NodeJS.ErrnoException): string {
  if (error.code === "ENOENT") return "";
  throw error;
}
