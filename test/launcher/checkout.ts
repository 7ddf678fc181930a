import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";

const REPOSITORY = join(import.meta.dirname, "../..");

export interface Options {
  /** Makes the launcher take its Node for an older one. */
  readonly old?: boolean;
  readonly env?: NodeJS.ProcessEnv;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The smallest checkout that the launcher accepts, in a path with a space, with a fake npm that downloads nothing. */
export class Checkout {
  readonly directory = join(mkdtempSync(join(tmpdir(), "lmgate-launcher-")), "a clone");
  readonly #installLog = join(this.directory, "..", "installs");
  readonly #children: ChildProcess[] = [];

  constructor() {
    mkdirSync(join(this.directory, "scripts"), { recursive: true });
    mkdirSync(join(this.directory, "npm", "bin"), { recursive: true });
    const copies = {
      "scripts/launch.cjs": "scripts/launch.cjs",
      "scripts/launcher": "scripts/launcher",
      "scripts/runtime": "scripts/runtime",
      "test/launcher/fake-npm.cjs": "npm/bin/npm-cli.js",
      "test/launcher/fake-old-node.cjs": "fake-old-node.cjs",
    };
    for (const [from, to] of Object.entries(copies)) {
      cpSync(join(REPOSITORY, from), join(this.directory, to), { recursive: true });
    }
    this.write("npm/package.json", JSON.stringify({ version: "10.8.2", type: "commonjs" }));
    this.lock("1.0.0");
    writeFileSync(this.#installLog, "");
  }

  write(path: string, text: string): void {
    writeFileSync(join(this.directory, path), text);
  }

  /** Writes a lockfile with one required package in this version, and one optional package for another platform. */
  lock(version: string): void {
    const packages = {
      "": { name: "some-project" },
      "node_modules/wanted": { version, integrity: `sha512-of-${version}` },
      "node_modules/elsewhere": { version, integrity: "sha512-elsewhere", optional: true },
    };
    this.write("package-lock.json", JSON.stringify({ lockfileVersion: 3, packages }));
  }

  /** The directories in which `npm ci` ran, in order. */
  installs(): readonly string[] {
    return readFileSync(this.#installLog, "utf8").split("\n").filter(Boolean);
  }

  start(args: readonly string[], options: Options = {}): ChildProcess {
    return this.#spawn([process.execPath, ...this.#command(args, options)], options);
  }

  /** Starts the launcher through `sh -c`, as npm does. */
  startInShell(args: readonly string[], options: Options = {}): ChildProcess {
    return this.#spawn(["sh", "-c", '"$0" "$@"; exit', process.execPath, ...this.#command(args, options)], options);
  }

  #command(args: readonly string[], options: Options): readonly string[] {
    const preload = options.old ? ["--require", join(this.directory, "fake-old-node.cjs")] : [];
    return [...preload, join(this.directory, "scripts/launch.cjs"), ...args];
  }

  #spawn([file = "", ...args]: readonly string[], options: Options): ChildProcess {
    const child = spawn(file, args, {
      cwd: this.directory,
      env: {
        PATH: process.env["PATH"],
        npm_execpath: join(this.directory, "npm", "bin", "npm-cli.js"),
        INSTALL_LOG: this.#installLog,
        ...options.env,
      },
    });
    this.#children.push(child);
    return child;
  }

  async run(args: readonly string[], options: Options = {}): Promise<Exit> {
    return exitOf(this.start(args, options));
  }

  remove(): void {
    for (const child of this.#children) child.kill("SIGKILL");
    rmSync(join(this.directory, ".."), { recursive: true });
  }
}

export async function exitOf(child: ChildProcess): Promise<Exit> {
  const output = { stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()));
  await once(child, "close");
  return { code: child.exitCode, signal: child.signalCode, ...output };
}

export function checkout(t: TestContext): Checkout {
  const created = new Checkout();
  t.after(() => created.remove());
  return created;
}

/** A program that prints `listening`, then runs `statement` when the signal arrives. */
export function programWaitingFor(signal: NodeJS.Signals, statement: string): string {
  return `process.on("${signal}", () => { ${statement} }); setInterval(() => {}, 1000); console.log("listening");`;
}

const readers = new WeakMap<ChildProcess, AsyncIterator<string>>();

/** The next line on the child's stdout; it must be `expected` if that is given. */
export async function nextLine(child: ChildProcess, expected?: string): Promise<string> {
  assert.ok(child.stdout);
  const reader = readers.get(child) ?? createInterface(child.stdout)[Symbol.asyncIterator]();
  readers.set(child, reader);
  const next: IteratorResult<string, unknown> = await reader.next();
  if (next.done) assert.fail("the process ended instead of writing a line");
  if (expected !== undefined) assert.equal(next.value, expected);
  return next.value;
}

/** Resolves once the child's stderr contains the text. */
export async function stderrContains(child: ChildProcess, expected: string): Promise<void> {
  let text = "";
  await new Promise<void>((resolve) => {
    child.stderr?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes(expected)) resolve();
    });
  });
}
