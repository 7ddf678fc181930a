import type { ConfigIssue } from "../config/config-issue.ts";
import { nearest } from "../core/did-you-mean.ts";

const REQUIRED = ["id", "api_key", "owner", "added"] as const;
const OPTIONAL = ["disabled", "expires_at"] as const;

/** Columns of later versions. A value in one is rejected, because this version would not enforce the limit. */
const RESERVED: readonly string[] = [
  "providers",
  "models",
  "rpm",
  "tpm",
  "max_concurrent",
  "allowed_ips",
  "upstream_key",
  "budget",
];

/** Other names that operators use for the known columns. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  key: "api_key",
  expires: "expires_at",
  expiry: "expires_at",
  expiration: "expires_at",
  expires_on: "expires_at",
  valid_until: "expires_at",
  enabled: "disabled",
  active: "disabled",
  revoked: "disabled",
};

export type ColumnName = (typeof REQUIRED)[number] | (typeof OPTIONAL)[number];

/** The index of each column; `undefined` if an optional one is missing. */
export interface Columns {
  readonly count: number;
  readonly id: number;
  readonly api_key: number;
  readonly owner: number;
  readonly added: number;
  readonly disabled: number | undefined;
  readonly expires_at: number | undefined;
  readonly reserved: readonly { readonly name: string; readonly index: number }[];
}

export type ColumnsRead = { readonly columns: Columns } | { readonly issues: readonly ConfigIssue[] };

export const HEADER_EXAMPLE = REQUIRED.join(",");

/**
 * Reads the header. Unknown names are quoted only if they resemble a known one: if the header is missing, the first line is
 * a row and contains a key.
 */
export function readColumns(cells: readonly string[], file: string, line: number): ColumnsRead {
  const at = new Map<string, number>();
  const reserved: { name: string; index: number }[] = [];
  const issues: ConfigIssue[] = [];
  const meant = new Set<string>();
  const issue = (key: string, message: string): void => void issues.push({ source: file, line, key, message });

  for (const [index, name] of cells.entries()) {
    if (isKnown(name)) {
      if (at.has(name)) issue(name, "the header names this column twice");
      at.set(name, index);
    } else if (isReserved(name)) {
      reserved.push({ name, index });
    } else {
      const guess = OTHER_WORDS[name.toLowerCase()] ?? nearest(name, [...REQUIRED, ...OPTIONAL, ...RESERVED]);
      if (guess === undefined) continue;
      meant.add(guess);
      issue(name, `unknown column; did you mean "${guess}"?`);
    }
  }

  const missing = REQUIRED.filter((name) => !at.has(name));
  if (missing.length === REQUIRED.length) {
    return { issues: [{ source: file, line, message: `the first line must be the header ${HEADER_EXAMPLE}` }] };
  }
  for (const name of missing) if (!meant.has(name)) issue(name, "this required column is missing from the header");
  const [id, apiKey, owner, added] = REQUIRED.map((name) => at.get(name));
  if (issues.length > 0 || id === undefined || apiKey === undefined || owner === undefined || added === undefined) {
    return { issues };
  }
  const columns: Columns = {
    count: cells.length,
    id,
    api_key: apiKey,
    owner,
    added,
    disabled: at.get("disabled"),
    expires_at: at.get("expires_at"),
    reserved,
  };
  return { columns };
}

function isKnown(name: string): name is ColumnName {
  return (REQUIRED as readonly string[]).includes(name) || (OPTIONAL as readonly string[]).includes(name); // as: widened to compare with any text
}

function isReserved(name: string): boolean {
  return RESERVED.includes(name) || name.startsWith("budget_");
}
