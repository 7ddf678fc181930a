import type { Outcome } from "../../core/request/outcome.ts";

/**
 * How the response ended: complete; complete after the client left; aborted by the client or by LMGate; cut by the
 * provider or by a timeout.
 */
export type Ending = "complete" | "drained" | "aborted" | "cut";

export function endingOf(outcome: Outcome): Ending {
  switch (outcome.kind) {
    case "complete":
      return "complete";
    case "upstream":
      return "cut";
    case "client-aborted":
      if (outcome.drain === undefined) return "aborted";
      return outcome.drain === "complete" ? "drained" : "cut";
    case "body-too-large":
    case "shutdown":
    case "interrupted":
      return "aborted";
  }
}
