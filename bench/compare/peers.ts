import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { installLitellm } from "./litellm.ts";
import { runNode } from "../../scripts/run-node.ts";

const directory = join(import.meta.dirname, "../.peers");

/**
 * Portkey's gateway is not a dependency of LMGate. It accepts newer releases of its HTTP server than it works with (with
 * 1.14 and newer every stream ends in a 500), so that one is pinned too.
 */
const MANIFEST = {
  private: true,
  dependencies: { "@portkey-ai/gateway": "1.15.2" },
  overrides: { "@hono/node-server": "1.13.7" },
};

const portkey = join(directory, "node_modules/@portkey-ai/gateway");
export const PORTKEY_SERVER = join(portkey, "build/start-server.js");

export function missingPortkey(): string | undefined {
  return existsSync(PORTKEY_SERVER) ? undefined : "not installed: `npm run bench -- --install-peers`";
}

export function portkeyVersion(): string {
  return versionOf(portkey);
}

export function versionOf(folder: string): string {
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { readonly version: string }; // as: every npm package has a version
  return version;
}

/** Installs the peers without running their install scripts. */
export async function installPeers(): Promise<void> {
  const npm = process.env["npm_execpath"];
  if (npm === undefined) throw new Error("npm was not found: use `npm run bench -- --install-peers`");
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "package.json"), `${JSON.stringify(MANIFEST, undefined, 2)}\n`);
  const flags = ["--prefix", directory, "--ignore-scripts", "--no-audit", "--no-fund", "--no-workspaces"];
  const ended = await runNode([npm, "install", ...flags], { cwd: directory, show: true, limitMs: 300_000 });
  if (ended.exitCode !== 0) throw new Error("npm could not install the peers");
  const reason = installLitellm();
  if (reason !== undefined) process.stderr.write(`LiteLLM is not installed: ${reason}\n`);
}
