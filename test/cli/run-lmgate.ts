/** Runs the command line in a child process, in a temporary directory. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** A program, with its arguments, that runs the command. */
  readonly wrapper?: readonly string[];
}

/** Runs the command with a terminal as its stdin, stdout and stderr (util-linux); for arguments without spaces. */
export const onTerminal: readonly string[] = ["sh", "-c", 'exec script -qec "$*" /dev/null', "sh"];

export interface CliFixture {
  readonly directory: string;
  path(name: string): string;
  run(args: readonly string[], extra?: RunOptions): Promise<CommandResult>;
}

export function cliFixture(t: TestContext): CliFixture {
  const directory = mkdtempSync(join(tmpdir(), "lmgate-cli-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return {
    directory,
    path: (name) => join(directory, name),
    async run(args, { input = "", env = {}, wrapper = [] } = {}) {
      const [command = process.execPath, ...rest] = [...wrapper, process.execPath, MAIN, ...args];
      const child = spawn(command, rest, { cwd: directory, env: { ...inherited(), ...env } });
      child.stdin.on("error", () => undefined); // The command may have ended without reading stdin.
      // At the end of its stdin, script(1) ends the terminal's input, so it comes only when the command has ended.
      if (wrapper === onTerminal && input === "") child.once("exit", () => child.stdin.end());
      else child.stdin.end(input);
      const [stdout, stderr, ended]: [string, string, readonly unknown[]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, "close"),
      ]);
      return { code: typeof ended[0] === "number" ? ended[0] : null, stdout, stderr };
    },
  };
}

/** The variables by which Node.js decides on colors. */
const COLOR_VARIABLES: ReadonlySet<string> = new Set([
  "AGENT_NAME",
  "CI",
  "CI_NAME",
  "COLORTERM",
  "FORCE_COLOR",
  "NODE_DISABLE_COLORS",
  "NO_COLOR",
  "TEAMCITY_VERSION",
  "TERM",
  "TERM_PROGRAM",
  "TERM_PROGRAM_VERSION",
  "TF_BUILD",
  "TMUX",
]);

/** Removes the variables of LMGate and of colors, which a developer's shell or a CI system may set. */
function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("LMGATE_") && !COLOR_VARIABLES.has(name)),
  );
}
