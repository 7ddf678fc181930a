import type { RequestRecord } from "./request-record.ts";

/** The record on a line of the ledger; `undefined` for a torn line, or one that another program wrote. */
export function recordOnLine(line: string): RequestRecord | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== "object" || value === null || !("provider" in value)) return undefined;
    // as: any version of LMGate may have written it, so readers must tolerate fields of an unexpected type.
    return value as RequestRecord;
  } catch {
    // A torn line, or text that is not JSON.
    return undefined;
  }
}
