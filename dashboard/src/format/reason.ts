import type { RequestRecord, RequestRow } from "../../../src/admin/api/contract.ts";

// Why a number is not there, and where there is something to be done, what.

const usageReasons: Readonly<Record<string, string>> = {
  not_requested:
    'The client did not ask for usage. With stream_options: {"include_usage": true} in its requests the provider sends it.',
  absent: "The answer is complete, and the provider put no usage into it.",
  pending: "The response runs in the background; the first request for its result will bring the numbers.",
  unsupported: "The usage does not pass where it could be read.",
  unparsable: "The body was not valid JSON.",
  encoding: "The body was compressed with something unknown, or wrongly.",
  too_large: "It decompressed to more than the limits let through.",
  opaque: "The answer was neither JSON nor a stream of events.",
  error: "An error came in the middle of the answer.",
  cut: "The answer ended early, or never came.",
  aborted: "The client left before the end.",
  interrupted: "The call ended with its thread or with the process.",
  drained: "The client left, and the answer was read to its end for its usage.",
  inconsistent: "The provider's parts exceed its totals; they were cut to fit.",
  observer_error: "A fault in reading the answer; please report it.",
};

type Usage = Pick<RequestRow | RequestRecord, "usage_state" | "usage_reason">;

export function usageReason({ usage_state, usage_reason }: Usage): string {
  if (usage_reason !== undefined) return usageReasons[usage_reason] ?? usage_reason;
  if (usage_state === "not_applicable") return "Nothing was used: an error, or a call that has no usage.";
  return "The provider sent no usage.";
}

export function costReason(call: Usage & Pick<RequestRow, "cost_source">): string {
  if (call.usage_state === "final" && call.cost_source === "none") return "No price is known for this model.";
  return usageReason(call);
}

/** Where a cost comes from, for people. */
export const costSources = {
  provider: "said by the provider",
  override: "by your own price",
  table: "by list prices",
  none: "no price known",
} as const;
