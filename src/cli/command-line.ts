import { Command, CommanderError } from "commander";
import manifest from "../../package.json" with { type: "json" };
import { EXIT, type ExitCode, type Terminal } from "./context/terminal.ts";

/** Builds a command. Its action reports the exit code through `finish`. */
export type BuildCommand = (terminal: Terminal, finish: (code: number) => void) => Command;

export interface CommandRow {
  readonly name: string;
  /** Another name that is accepted for the command. */
  readonly alias?: string;
  readonly summary: string;
  readonly load: () => Promise<BuildCommand>;
}

const EXAMPLES = `
Examples:
  lmgate init                     write config/lmgate.yaml and data/allowlist.csv
  lmgate keys add --owner ann     add a key, read from the terminal or from a pipe
  lmgate check                    validate configuration and allow-list
  lmgate start                    run the gateway
  lmgate stats --since 7d         show usage and cost of the last 7 days
  lmgate keys --help              show help and examples for one command

Aliases: serve for start, validate for check, usage for stats, logs for tail.`;

/** Runs a command line; resolves to its exit code. */
export async function runCommandLine(
  rows: readonly CommandRow[],
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  let exitCode: number = EXIT.ok;
  const finish = (code: number): void => void (exitCode = code);
  const program = new Command("lmgate")
    .description("A transparent proxy for LLM APIs: it admits listed keys, changes no byte and counts every request.")
    .version(manifest.version, "-v, --version", "print the version")
    .helpCommand(false)
    .addHelpText("after", EXAMPLES);
  const line = resolveAlias(rows, args);
  const requested = line.find((argument) => !argument.startsWith("-"));
  for (const { name, summary, load } of rows) {
    const command = name === requested ? (await load())(terminal, finish) : new Command(name);
    program.addCommand(command.summary(summary));
  }
  configure(program, terminal, program.name());
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

/** Replaces an alias by the command's name. */
function resolveAlias(rows: readonly CommandRow[], args: readonly string[]): string[] {
  const at = args.findIndex((argument) => !argument.startsWith("-"));
  const row = rows.find(({ alias }) => alias !== undefined && alias === args[at]);
  return row === undefined ? [...args] : args.with(at, row.name);
}

/** By default commander exits the process, writes to the process's streams, and ends usage errors with exit code 1. */
function configure(command: Command, terminal: Terminal, name: string): void {
  command
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError(`Try '${name} --help'.`)
    .configureOutput({
      writeOut: (text) => void terminal.stdout.write(text),
      writeErr: (text) => void terminal.stderr.write(text.replace(/^error: /, "lmgate: ")),
    });
  if (command.commands.length > 0) command.configureHelp({ subcommandTerm: (sub) => sub.name() });
  for (const sub of command.commands) configure(sub, terminal, `${name} ${sub.name()}`);
}

function exitCodeOf(error: unknown, { stderr }: Terminal): ExitCode {
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  stderr.write(`lmgate: ${error instanceof Error ? error.message : String(error)}\n`);
  return EXIT.failure;
}
