/** One finding in the configuration or the allow-list of an operator, with its place. */
export interface ConfigIssue {
  /** The file as it was given, or `environment variable X`, or `option --x`. */
  readonly source: string;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  /** The setting (`server.port`) or the column of a table (`api_key`). */
  readonly key?: string | undefined;
  /** What was found and what is allowed. Never contains a secret. */
  readonly message: string;
  /** How to fix it. */
  readonly hint?: string | undefined;
}

/** `config/lmgate.yaml:3:9 server.port: found "http"; allowed is a whole number from 0 to 65535 (hint)` */
export function formatIssue(issue: ConfigIssue): string {
  const place = [issue.source, issue.line, issue.column].filter((part) => part !== undefined).join(":");
  const key = issue.key === undefined ? "" : ` ${issue.key}:`;
  const hint = issue.hint === undefined ? "" : ` (${issue.hint})`;
  return `${place}${key || ":"} ${issue.message}${hint}`;
}

/** One line for each issue, up to `limit`: a file with a million bad rows must not print a million lines. */
export function formatIssues(issues: readonly ConfigIssue[], limit = 20): readonly string[] {
  const lines = issues.slice(0, limit).map(formatIssue);
  if (issues.length > limit) lines.push(`… and ${issues.length - limit} more`);
  return lines;
}
