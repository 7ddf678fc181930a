import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const REPOSITORY = join(import.meta.dirname, "../..");

export interface Options {
  /** Whether the launcher is to believe that its Node is an older one. */
  readonly old?: boolean;
  readonly env?: NodeJS.ProcessEnv;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A checkout as small as the launcher allows, in a path with a space, with an npm that fetches nothing. */
export class Checkout {
  readonly directory = join(mkdtempSync(join(tmpdir(), "lmgate-launcher-")), "a clone");
  readonly #log = join(this.directory, "..", "installs");
  readonly #children: ChildProcess[] = [];

  constructor() {
    mkdirSync(join(this.directory, "scripts"), { recursive: true });
    mkdirSync(join(this.directory, "npm", "bin"), { recursive: true });
    const copies = {
      "scripts/launch.cjs": "scripts/launch.cjs",
      "scripts/runtime": "scripts/runtime",
      "test/launcher/stand-in-npm.cjs": "npm/bin/npm-cli.js",
      "test/launcher/old-node.cjs": "old-node.cjs",
    };
    for (const [from, to] of Object.entries(copies)) {
      cpSync(join(REPOSITORY, from), join(this.directory, to), { recursive: true });
    }
    this.write("npm/package.json", JSON.stringify({ version: "10.8.2", type: "commonjs" }));
    this.lock("1.0.0");
    writeFileSync(this.#log, "");
  }

  write(path: string, text: string): void {
    writeFileSync(join(this.directory, path), text);
  }

  /** Writes a lockfile that wants one package in this version, and one for a platform that is not ours. */
  lock(version: string): void {
    const packages = {
      "": { name: "some-project" },
      "node_modules/wanted": { version, integrity: `sha512-of-${version}` },
      "node_modules/elsewhere": { version, integrity: "sha512-elsewhere", optional: true },
    };
    this.write("package-lock.json", JSON.stringify({ lockfileVersion: 3, packages }));
  }

  /** The directories `npm ci` was called for, in order. */
  installs(): readonly string[] {
    return readFileSync(this.#log, "utf8").split("\n").filter(Boolean);
  }

  start(args: readonly string[], options: Options = {}): ChildProcess {
    return this.#spawn([process.execPath, ...this.#command(args, options)], options);
  }

  /** As npm does it: `sh -c`, where many shells stay between. */
  startInShell(args: readonly string[], options: Options = {}): ChildProcess {
    return this.#spawn(["sh", "-c", '"$0" "$@"; exit', process.execPath, ...this.#command(args, options)], options);
  }

  #command(args: readonly string[], options: Options): readonly string[] {
    const preload = options.old ? ["--require", join(this.directory, "old-node.cjs")] : [];
    return [...preload, join(this.directory, "scripts/launch.cjs"), ...args];
  }

  #spawn([file = "", ...args]: readonly string[], options: Options): ChildProcess {
    const child = spawn(file, args, {
      cwd: this.directory,
      env: {
        PATH: process.env["PATH"],
        npm_execpath: join(this.directory, "npm", "bin", "npm-cli.js"),
        INSTALL_LOG: this.#log,
        ...options.env,
      },
    });
    this.#children.push(child);
    return child;
  }

  async run(args: readonly string[], options: Options = {}): Promise<Ended> {
    return ending(this.start(args, options));
  }

  remove(): void {
    for (const child of this.#children) child.kill("SIGKILL");
    rmSync(join(this.directory, ".."), { recursive: true });
  }
}

export async function ending(child: ChildProcess): Promise<Ended> {
  const said = { stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk: Buffer) => (said.stdout += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (said.stderr += chunk.toString()));
  await once(child, "close");
  return { code: child.exitCode, signal: child.signalCode, ...said };
}
