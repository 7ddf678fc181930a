import type { RequestRecord } from "./request-record.ts";

/** The record that a line of the statistics holds; `undefined` for a line that is cut short, or that is somebody else's. */
export function recordOnLine(line: string): RequestRecord | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== "object" || value === null || !("provider" in value)) return undefined;
    // as: a gateway wrote it, this one or an older; whoever reads it must not mind a field of another kind.
    return value as RequestRecord;
  } catch {
    // A line that was still on its way, or no JSON at all.
    return undefined;
  }
}
