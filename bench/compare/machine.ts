import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { firstMatch } from "./tools.ts";
import type { Proxy } from "./proxy.ts";

/** One sentence about the machine and one about the versions. */
export function machine(proxies: readonly Proxy[]): readonly string[] {
  const model = cpus()[0]?.model.trim() ?? "unknown";
  const memory = Math.round(totalmem() / 2 ** 30);
  const versions = proxies.flatMap(({ title, version, missing }) => {
    const known = missing() === undefined ? version() : "";
    return known === "" ? [] : [`${title} ${known}`];
  });
  const wrk = firstMatch("wrk", ["-v"], /wrk (?:debian\/)?([\d.]+)/);
  return [
    `${availableParallelism()} processors (${model}${isVirtual() ? ", virtual" : ""}), ${memory} GB, Linux ${release()}`,
    `Node.js ${process.version.slice(1)}, wrk ${wrk}, ${versions.join(", ")}`,
  ];
}

function isVirtual(): boolean {
  return /^flags\s*:.*\bhypervisor\b/m.test(readFileSync("/proc/cpuinfo", "latin1"));
}
