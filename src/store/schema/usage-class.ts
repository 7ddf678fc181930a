const COUNTERS = [
  "input_tokens",
  "output_tokens",
  "total_input_tokens",
  "total_output_tokens",
  "total_tokens",
  "audio_seconds",
  "pages",
  "images",
  "search_units",
  "provider_cost_usd",
] as const;

/**
 * What is known of a request's usage, in one word: the column `usage`, in SQL for the record `r`. In a record without
 * `usage_state`, usage is known if it has counters, else missing.
 */
export function usageClassSql(): string {
  const counted = COUNTERS.map((name) => `r.${name}`).join(", ");
  return `CASE
    WHEN r.usage_state = 'replay' THEN 'replay'
    WHEN r.usage_state = 'not_applicable' THEN 'not_applicable'
    WHEN coalesce(${counted}) IS NOT NULL THEN 'known'
    WHEN coalesce(r.estimated_input_tokens, r.estimated_output_tokens) IS NOT NULL THEN 'estimated'
    ELSE 'missing' END`;
}
