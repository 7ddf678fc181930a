import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { errorCode } from "../../core/errno.ts";
import { makeDirectories } from "../../core/make-directories.ts";
import { EXIT, info, type ExitCode, type Terminal } from "../context/terminal.ts";

const ALLOWLIST = `# Who may call, one key a line. Read again by itself whenever this file changes.
# Add a key with: lmgate keys add --owner NAME
# Further columns: disabled (true or false) and expires_at (2026-12-31, or 2026-12-31T18:00:00Z).
# Instead of a key, sha256:<64 hexadecimal digits> of it will do.
id,api_key,owner,added
`;

const EXAMPLES = `
Examples:
  lmgate init                 in this directory
  lmgate init /srv/lmgate
  lmgate init --print         show the configuration, write nothing`;

interface InitOptions {
  readonly force?: boolean;
  readonly print?: boolean;
}

export function initCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return new Command("init")
    .description("Write a commented config/lmgate.yaml and an allow-list without keys, data/allowlist.csv.")
    .argument("[dir]", "where to", ".")
    .option("--force", "overwrite files that are there")
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
    // Keys are secrets: nobody else's business on this machine.
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

/** False when there is such a file already; it stays as it is, whatever happens between a look and a write. */
function writeNew(path: string, text: string, { mode, force }: { mode: number; force: boolean }): boolean {
  try {
    writeFileSync(path, text, { mode, flag: force ? "w" : "wx" });
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
}

/** The file that ships: in a checkout three directories up, in the package one more, above the compiled code. */
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
