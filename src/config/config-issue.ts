/** One thing wrong with what an operator wrote, and where. */
export interface ConfigIssue {
  /** The file as it was named, or `environment variable X`, or `option --x`. */
  readonly source: string;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  /** The setting (`server.port`) or the column of a table (`api_key`). */
  readonly key?: string | undefined;
  /** What was found and what is allowed. Never holds a secret. */
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string | undefined;
}

/** `config/lmgate.yaml:3:9 server.port: found "http"; allowed is a whole number from 0 to 65535 (hint)` */
export function formatIssue(fault: ConfigIssue): string {
  const place = [fault.source, fault.line, fault.column].filter((part) => part !== undefined).join(":");
  const key = fault.key === undefined ? "" : ` ${fault.key}:`;
  const hint = fault.hint === undefined ? "" : ` (${fault.hint})`;
  return `${place}${key || ":"} ${fault.message}${hint}`;
}

/** A list for people: a file of a million bad rows must not become a million lines. */
export function formatIssues(faults: readonly ConfigIssue[], limit = 20): readonly string[] {
  const lines = faults.slice(0, limit).map(formatIssue);
  if (faults.length > limit) lines.push(`… and ${faults.length - limit} more`);
  return lines;
}
