import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { errorCode } from "../../core/errno.ts";
import { makeDirectories } from "../../core/make-directories.ts";
import { EXIT, info, type ExitCode, type Terminal } from "../context/terminal.ts";

const ALLOWLIST = `# The keys that LMGate admits, one per line. Changes to this file take effect at once.
# Add a key with: lmgate keys add --owner NAME
# Optional columns: disabled (true or false) and expires_at (2026-12-31 or 2026-12-31T18:00:00Z).
# api_key may hold the SHA-256 of a key instead of the key: sha256:<64 hexadecimal digits>.
id,api_key,owner,added
`;

const EXAMPLES = `
Examples:
  lmgate init                 in this directory
  lmgate init /srv/lmgate
  lmgate init --print         print the configuration and write nothing`;

interface InitOptions {
  readonly force?: boolean;
  readonly print?: boolean;
}

export function initCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return new Command("init")
    .description("Create a commented config/lmgate.yaml and an empty allow-list, data/allowlist.csv.")
    .argument("[dir]", "target directory", ".")
    .option("--force", "overwrite existing files")
    .option("--print", "print the configuration instead of writing it")
    .addHelpText("after", EXAMPLES)
    .action((directory: string, options: InitOptions) => finish(init(terminal, directory, options)));
}

function init(terminal: Terminal, directory: string, options: InitOptions): ExitCode {
  const configuration = defaultConfiguration();
  if (options.print === true) {
    terminal.stdout.write(configuration);
    return EXIT.ok;
  }
  const files = [
    { path: join(directory, "config/lmgate.yaml"), text: configuration, mode: 0o644 },
    // Keys are secrets: other users of the machine must not read them.
    { path: join(directory, "data/allowlist.csv"), text: ALLOWLIST, mode: 0o600 },
  ];
  for (const { path, text, mode } of files) {
    makeDirectories(dirname(path), { make: mkdirSync, parentOf: dirname });
    const written = writeNew(path, text, { mode, force: options.force === true });
    terminal.stdout.write(`${written ? "wrote" : "kept"} ${path}\n`);
  }
  info(terminal, "next: lmgate keys add --owner NAME, then lmgate start");
  return EXIT.ok;
}

/** Returns false if the file exists; `wx` checks and creates it in one step. */
function writeNew(path: string, text: string, { mode, force }: { mode: number; force: boolean }): boolean {
  try {
    writeFileSync(path, text, { mode, flag: force ? "w" : "wx" });
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
}

/** The shipped file: three directories up in a checkout, four in the package, whose code is compiled into `dist`. */
function defaultConfiguration(): string {
  for (const path of ["../../../config/lmgate.yaml", "../../../../config/lmgate.yaml"]) {
    try {
      return readFileSync(fileURLToPath(new URL(path, import.meta.url)), "utf8");
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
    }
  }
  throw new Error("config/lmgate.yaml is missing from this installation");
}
