import { formatIssues, type ConfigIssue } from "../../config/config-issue.ts";

/** The environment and the streams that a command uses. */
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
  /** The configuration or the allow-list is invalid. */
  invalid: 3,
  unreachable: 4,
  unauthorized: 5,
  notFound: 6,
  exists: 7,
  warnings: 8,
  tryAgain: 75,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export function info({ stderr }: Terminal, message: string): void {
  stderr.write(`lmgate: ${message}\n`);
}

/** Prints the issues of one of the operator's files and returns the exit code for them. */
export function reportIssues(terminal: Terminal, subject: string, faults: readonly ConfigIssue[]): ExitCode {
  info(terminal, `the ${subject} is invalid:`);
  for (const line of formatIssues(faults)) terminal.stderr.write(`  ${line}\n`);
  return EXIT.invalid;
}

export function printJson({ stdout }: Terminal, value: unknown): void {
  stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}
