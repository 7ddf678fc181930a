import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runNode } from "../../scripts/run-node.ts";

const directory = join(import.meta.dirname, "../.peers");

/**
 * What is compared with but is no dependency of ours. Portkey's gateway allows newer releases of its HTTP server than it
 * works with (from 1.14 on every stream is answered 500), so that is pinned too.
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
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { readonly version: string }; // npm needs it so
  return version;
}

/** Without their install scripts. */
export async function installPeers(): Promise<void> {
  const npm = process.env["npm_execpath"];
  if (npm === undefined) throw new Error("npm is not known: start this with `npm run bench -- --install-peers`");
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "package.json"), `${JSON.stringify(MANIFEST, undefined, 2)}\n`);
  const flags = ["--prefix", directory, "--ignore-scripts", "--no-audit", "--no-fund", "--no-workspaces"];
  const ended = await runNode([npm, "install", ...flags], { cwd: directory, show: true, limitMs: 300_000 });
  if (ended.exitCode !== 0) throw new Error("npm could not install what is compared with");
}
