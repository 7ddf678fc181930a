import type { RequestRecord, RequestRow } from "../../../src/admin/api/contract.ts";

// Reasons why a number is missing, and what can be done about it.

const usageReasons: Readonly<Record<string, string>> = {
  not_requested:
    'The client did not ask for usage. Set stream_options: {"include_usage": true} in the request to get it.',
  absent: "The response is complete, but the provider did not include usage.",
  pending: "The response runs in the background. Usage becomes known when a client first fetches the result.",
  unsupported: "The usage of this kind of request does not pass through LMGate in a readable form.",
  unparsable: "The body was not valid JSON.",
  encoding: "The body could not be decompressed: unknown encoding or damaged data.",
  too_large: "The decompressed body is larger than the limit.",
  opaque: "The response was neither JSON nor an event stream.",
  error: "The response ended with an error.",
  cut: "The response ended early, or never started.",
  aborted: "The client disconnected before the end.",
  interrupted: "The request was interrupted when its worker or the process ended.",
  drained: "The client disconnected; the gateway read the response to its end to learn its usage.",
  inconsistent: "The provider's detailed token counts exceeded its totals and were reduced to match.",
  observer_error: "The gateway could not read the response. Please report this.",
};

type Usage = Pick<RequestRow | RequestRecord, "usage_state" | "usage_reason">;

export function usageReason({ usage_state, usage_reason }: Usage): string {
  if (usage_reason !== undefined) return usageReasons[usage_reason] ?? usage_reason;
  if (usage_state === "not_applicable") return "This request uses no tokens, or it failed.";
  return "The provider did not send usage.";
}

export function costReason(call: Usage & Pick<RequestRow, "cost_source">): string {
  if (call.usage_state === "final" && call.cost_source === "none") return "No price is known for this model.";
  return usageReason(call);
}

/** The source of a cost as text. */
export const costSources = {
  provider: "reported by the provider",
  override: "from your price",
  table: "from list prices",
  none: "no price known",
} as const;
