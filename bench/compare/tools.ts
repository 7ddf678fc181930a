import { spawnSync } from "node:child_process";

/** Why a program cannot be used and how to install it; `undefined` if it can. */
export function missingTool(name: string): string | undefined {
  const found = spawnSync("sh", ["-c", `command -v ${name}`]).status === 0;
  return found ? undefined : `not installed: \`apt-get install ${name}\``;
}

export function firstMatch(command: string, args: readonly string[], pattern: RegExp): string {
  const { stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  return pattern.exec(`${stdout}${stderr}`)?.[1] ?? "unknown";
}
