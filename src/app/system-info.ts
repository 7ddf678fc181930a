import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { SystemInfo } from "../admin/api/contract.ts";
import type { ProxyStatus } from "../core/counters/status.ts";
import { formatOrigin } from "../config/config-entry.ts";
import type { EffectiveSetting } from "../config/config.ts";

type Check = SystemInfo["checks"][number];

/** What the System page shows beside the status. */
export function describeSystem(
  origins: readonly EffectiveSetting[],
  status: ProxyStatus,
  dependencies: readonly string[],
): Omit<SystemInfo, "status" | "store"> {
  return {
    settings: origins.map(({ key, value, origin }) => ({
      path: key,
      value: String(value),
      source: formatOrigin(origin),
    })),
    checks: checksOf(status),
    licenses: dependencies.flatMap(licenseOf),
  };
}

function checksOf({ allowlist, ledger, threads }: ProxyStatus): readonly Check[] {
  const restarts = threads.reduce((sum, thread) => sum + thread.restarts, 0);
  const starved = threads.filter(({ isStarved }) => isStarved).map(({ name }) => name);
  const down = threads.filter(({ state }) => state !== "running").map(({ name }) => name);
  return [
    allowlist.error === undefined
      ? ok(
          "Allow-list",
          `${allowlist.keys} active ${allowlist.keys === 1 ? "key" : "keys"}, loaded ${allowlist.loadedAt}`,
        )
      : warning("Allow-list", allowlist.error, "Fix the file. The last valid list remains in force."),
    ledger.degraded
      ? failure(
          "Stats file",
          ledger.lastError ?? "cannot be written",
          "Check the disk. Requests continue, and records are kept in memory.",
        )
      : ok("Stats file", `Records written by this process: ${ledger.written}`),
    ledger.dropped === 0
      ? ok("Records lost", "none")
      : failure("Records lost", `${ledger.dropped}`, "See data/ledger-events.jsonl for which and why."),
    down.length > 0
      ? failure("Workers", `not running: ${down.join(", ")}`, "They are restarting. See the log for why they ended.")
      : starved.length > 0
        ? warning(
            "Workers",
            `too little CPU time: ${starved.join(", ")}`,
            "Give the machine or the container more CPU time.",
          )
        : restarts === 0
          ? ok("Workers", `${threads.length} running`)
          : warning("Workers", `Restarts since startup: ${restarts}`, "See the log for why."),
    Number(process.versions.node.split(".")[0]) >= 24
      ? ok("Node.js", process.version)
      : warning("Node.js", process.version, "Install Node.js 24 or later."),
  ];
}

function ok(name: string, detail: string): Check {
  return { name, result: "ok", detail };
}

function warning(name: string, detail: string, remedy: string): Check {
  return { name, result: "warning", detail, remedy };
}

function failure(name: string, detail: string, remedy: string): Check {
  return { name, result: "failure", detail, remedy };
}

function licenseOf(name: string): SystemInfo["licenses"] {
  const file = findManifest(name);
  if (file === undefined) return [];
  const manifest: unknown = JSON.parse(readFileSync(file, "utf8"));
  if (typeof manifest !== "object" || manifest === null) return [];
  const text = (key: string): string => {
    const value: unknown = Reflect.get(manifest, key);
    return typeof value === "string" ? value : "unknown";
  };
  return [{ name, version: text("version"), license: text("license") }];
}

/** Searches the folders, because not every package exports its manifest. */
function findManifest(name: string): string | undefined {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const file = join(folder, "node_modules", name, "package.json");
    if (existsSync(file)) return file;
    if (dirname(folder) === folder) return undefined;
  }
}
