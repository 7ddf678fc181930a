import { Command, CommanderError } from "commander";
import manifest from "../../package.json" with { type: "json" };
import { EXIT, type ExitCode, type Terminal } from "./context/terminal.ts";

/** Builds a command. Its action returns nothing and reports its exit code with `finish`. */
export type BuildCommand = (terminal: Terminal, finish: (code: number) => void) => Command;

export interface CommandRow {
  readonly name: string;
  /** What else people call it. */
  readonly alias?: string;
  readonly summary: string;
  readonly load: () => Promise<BuildCommand>;
}

const EXAMPLES = `
Examples:
  lmgate init                     write config/lmgate.yaml and data/allowlist.csv
  lmgate keys add --owner ann     add a key, read from the terminal or a pipe
  lmgate check                    say what is wrong, and where
  lmgate start                    run the gateway
  lmgate stats --since 7d         who spent what
  lmgate keys --help              examples for one command

Also understood: serve for start, validate for check, usage for stats, logs for tail.`;

/** Runs one command line to its end; resolves to the exit code. */
export async function runCommandLine(
  rows: readonly CommandRow[],
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  let exitCode: number = EXIT.ok;
  const finish = (code: number): void => void (exitCode = code);
  const program = new Command("lmgate")
    .description("A transparent gateway for LLM APIs: allow-list in front, every byte unchanged, every call counted.")
    .version(manifest.version, "-v, --version", "print the version")
    .helpCommand(false)
    .addHelpText("after", EXAMPLES);
  const line = resolveAlias(rows, args);
  const wanted = line.find((argument) => !argument.startsWith("-"));
  for (const { name, summary, load } of rows) {
    const command = name === wanted ? (await load())(terminal, finish) : new Command(name);
    program.addCommand(command.summary(summary));
  }
  prepare(program, terminal, program.name());
  if (args.length === 0) {
    program.outputHelp();
    return EXIT.ok;
  }
  try {
    await program.parseAsync(line, { from: "user" });
    return exitCode;
  } catch (error) {
    return exitCodeOf(error, terminal);
  }
}

/** The command by its own name, where it was called by another. */
function resolveAlias(rows: readonly CommandRow[], args: readonly string[]): string[] {
  const at = args.findIndex((argument) => !argument.startsWith("-"));
  const row = rows.find(({ alias }) => alias !== undefined && alias === args[at]);
  return row === undefined ? [...args] : args.with(at, row.name);
}

/** commander would end the process itself, write to the process's own streams, and call usage errors 1. */
function prepare(command: Command, terminal: Terminal, name: string): void {
  command
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError(`Try '${name} --help'.`)
    .configureOutput({
      writeOut: (text) => void terminal.stdout.write(text),
      writeErr: (text) => void terminal.stderr.write(text.replace(/^error: /, "lmgate: ")),
    });
  if (command.commands.length > 0) command.configureHelp({ subcommandTerm: (sub) => sub.name() });
  for (const sub of command.commands) prepare(sub, terminal, `${name} ${sub.name()}`);
}

function exitCodeOf(error: unknown, { stderr }: Terminal): ExitCode {
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  stderr.write(`lmgate: ${error instanceof Error ? error.message : String(error)}\n`);
  return EXIT.failure;
}
