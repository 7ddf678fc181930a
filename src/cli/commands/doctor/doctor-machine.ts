import { readFileSync, statfsSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { dirname } from "node:path";
import type { Settings } from "../../../config/settings.ts";
import { isWorldReadable } from "../../../allowlist/world-readable.ts";
import { failure, ok, warning, type Check } from "./doctor-check.ts";
import { whyNotWritable } from "./writable.ts";

// Checks of the machine: Node, disk, file descriptors, port, file modes.

const MIN_FREE_BYTES = 1024 ** 3;
const MIN_DESCRIPTORS = 8192;

export function nodeCheck(version: string): Check {
  const major = Number(version.replace("v", "").split(".")[0]);
  if (major >= 24) return ok("Node.js", version);
  return failure("Node.js", `${version} is too old`, "Install Node.js 24 or newer.");
}

export function dataCheck({ stats }: Settings): Check {
  const problem = whyNotWritable(stats.outputPath);
  if (problem === undefined) return ok("Stats file", `${stats.outputPath} is writable`);
  return failure(
    "Stats file",
    `${stats.outputPath}: ${problem}`,
    "Create the directory, or make the user that LMGate runs as its owner.",
  );
}

export function diskCheck({ stats }: Settings): Check {
  try {
    const { bavail, bsize } = statfsSync(dirname(stats.outputPath));
    const free = bavail * bsize;
    const text = `${(free / 1024 ** 3).toFixed(1)} GiB free`;
    return free >= MIN_FREE_BYTES
      ? ok("Disk", text)
      : warning("Disk", text, "Free disk space: a million requests take about 1 GB.");
  } catch (error) {
    return warning("Disk", messageOf(error), "Create the directory of stats.output_path.");
  }
}

export function descriptorCheck(): Check {
  const limit = openFileLimit();
  if (limit === undefined) return ok("Open files", "the limit is unknown on this system");
  return limit >= MIN_DESCRIPTORS
    ? ok("Open files", `${limit} allowed`)
    : warning(
        "Open files",
        `${limit} allowed; each running request takes two`,
        "Raise the limit: ulimit -n 65536, or LimitNOFILE= in the systemd unit.",
      );
}

const MIGRATE_REQ = "net.ipv4.tcp_migrate_req";

/** Each worker has a queue of connections of its own, and a worker that ends takes its queue with it. */
export function acceptQueueCheck({ server }: Settings): Check {
  const name = "Accept queue";
  if (server.workers === 1) return ok(name, "one worker accepts all connections");
  const value = systemSetting("/proc/sys/net/ipv4/tcp_migrate_req");
  if (value === undefined) return ok(name, `this system has no ${MIGRATE_REQ}`);
  return ok(
    name,
    value === "0"
      ? `${MIGRATE_REQ} is 0: connections that wait for a worker are reset if it ends; with 1, another worker takes them`
      : `${MIGRATE_REQ} is ${value}: connections that wait for a worker that ends go to another one`,
  );
}

function systemSetting(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}

export function modeCheck(name: string, path: string): Check {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return ok(name, `${path} does not exist yet`);
  if (!isWorldReadable(path)) return ok(name, `${path} is not readable by other users`);
  return warning(name, `${path} is readable by every user of this machine`, `chmod 600 ${path}`);
}

/** A running gateway uses the port itself, so there is nothing to test. */
export async function portCheck({ server }: Settings, isRunning: boolean): Promise<Check> {
  const name = "Port";
  const where = `${server.host}:${server.port}`;
  if (isRunning) return ok(name, `${where} is used by the running gateway`);
  const problem = await whyNotBound(server.host, server.port);
  if (problem === undefined) return ok(name, `${where} is free`);
  return failure(name, `${where}: ${problem}`, "Stop the program that uses the port, or set server.port.");
}

function whyNotBound(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

function openFileLimit(): number | undefined {
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
