import { formatIssues, type ConfigIssue } from "../../config/config-issue.ts";

/** The outside world of a command. */
export interface Terminal {
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  /** Configuration or allow-list. */
  invalid: 3,
  unreachable: 4,
  refused: 5,
  notFound: 6,
  exists: 7,
  warnings: 8,
  tryAgain: 75,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export function info({ stderr }: Terminal, message: string): void {
  stderr.write(`lmgate: ${message}\n`);
}

/** Prints what is wrong with the operator's files; the exit code that goes with it. */
export function reportIssues(terminal: Terminal, what: string, faults: readonly ConfigIssue[]): ExitCode {
  info(terminal, `the ${what} is not valid`);
  for (const line of formatIssues(faults)) terminal.stderr.write(`  ${line}\n`);
  return EXIT.invalid;
}

export function printJson({ stdout }: Terminal, value: unknown): void {
  stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}
