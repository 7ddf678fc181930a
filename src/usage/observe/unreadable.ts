import type { UsageReading } from "../../core/usage/usage.ts";

/** The reading of an exchange whose observer failed. */
export function unreadable(dialect: string, operation: string): UsageReading {
  return {
    dialect,
    operation,
    stream: undefined,
    requestModel: undefined,
    responseModel: undefined,
    deployment: undefined,
    responseId: undefined,
    usage: undefined,
    source: "none",
    state: "missing",
    reason: "observer_error",
    errorType: undefined,
    firstContentAt: undefined,
  };
}
