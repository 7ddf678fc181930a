import type { JSX } from "preact";
import type { RequestRecord } from "../../../src/admin/api/contract.ts";
import { formatDuration, formatRate, isKnown } from "../format/number.ts";

interface Step {
  readonly label: string;
  readonly from: number;
  readonly to: number;
  readonly color: string;
}

/** The timing of a request. The record counts from the end of the request; the total counts from its first byte. */
export function RequestTiming({ record }: { readonly record: RequestRecord }): JSX.Element {
  const { duration_ms: whole, ttfb_ms: first, ttft_ms: token, total_output_tokens: output } = record;
  if (!isKnown(whole)) return <p class="muted">The duration is unknown because LMGate did not see this request end.</p>;
  const steps = stepsOf(whole, first, token);
  const streaming = whole - (token ?? whole);
  return (
    <>
      <ul class="waterfall">
        {steps.map(({ label, from, to, color }) => (
          <li key={label}>
            <span class="waterfall-label">{label}</span>
            <span class="waterfall-track">
              <span
                class="waterfall-bar"
                style={{
                  left: `${(from / whole) * 100}%`,
                  width: `${Math.max(0.6, ((to - from) / whole) * 100)}%`,
                  background: `var(${color})`,
                }}
              />
            </span>
            <span class="waterfall-value">{formatDuration(to - from)}</span>
          </li>
        ))}
        <li class="total">
          <span class="waterfall-label">Whole request</span>
          <span class="waterfall-track" />
          <span class="waterfall-value">{formatDuration(whole)}</span>
        </li>
      </ul>
      {isKnown(output) && output > 0 && streaming > 50 && (
        <p class="drawer-note">Output tokens after the first one: {formatRate(output / (streaming / 1000))}</p>
      )}
      {steps.length === 1 && <p class="drawer-note">The request ended before a response arrived.</p>}
    </>
  );
}

function stepsOf(whole: number, first: number | undefined, token: number | undefined): readonly Step[] {
  const head = Math.min(whole, first ?? token ?? whole);
  const content = Math.min(whole, Math.max(head, token ?? head));
  const wait = isKnown(first) ? "First byte" : isKnown(token) ? "First token" : "Waiting";
  return [
    { label: wait, from: 0, to: head, color: "--series-4" },
    ...(isKnown(first) && isKnown(token)
      ? [{ label: "First token", from: head, to: content, color: "--series-1" }]
      : []),
    ...(content < whole ? [{ label: "Last byte", from: content, to: whole, color: "--series-2" }] : []),
  ];
}
