/** Runs the command line as a process of its own, in a directory of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Extra {
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** A program that runs the command, with its arguments. */
  readonly wrapper?: readonly string[];
}

/** Runs the command with a terminal as its stdin, stdout and stderr (util-linux); for arguments without spaces. */
export const onTerminal: readonly string[] = ["sh", "-c", 'exec script -qec "$*" /dev/null', "sh"];

export interface Place {
  readonly directory: string;
  path(name: string): string;
  run(args: readonly string[], extra?: Extra): Promise<Ran>;
}

export function workplace(t: TestContext): Place {
  const directory = mkdtempSync(join(tmpdir(), "lmgate-cli-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return {
    directory,
    path: (name) => join(directory, name),
    async run(args, { input = "", env = {}, wrapper = [] } = {}) {
      const [command = process.execPath, ...rest] = [...wrapper, process.execPath, MAIN, ...args];
      const child = spawn(command, rest, { cwd: directory, env: { ...inherited(), ...env } });
      child.stdin.on("error", () => undefined); // a command that reads nothing may have ended already
      child.stdin.end(input);
      const [stdout, stderr, ended]: [string, string, readonly unknown[]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, "close"),
      ]);
      return { code: typeof ended[0] === "number" ? ended[0] : null, stdout, stderr };
    },
  };
}

/** What a developer's shell sets for LMGate must not reach a test. */
function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("LMGATE_")));
}
