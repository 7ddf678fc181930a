import type { JSX } from "preact";
import type { RequestRecord, PriceRow } from "../../../src/admin/api/contract.ts";
import { scopeParams, useUrlState, withChanges } from "../data/url-state.ts";
import { useResource } from "../data/resource.ts";
import { costReason, costSources, usageReason } from "../format/reason.ts";
import { DASH, formatCostExactly, formatCountExactly, formatPrice, isKnown } from "../format/number.ts";
import { Link } from "../ui/link.tsx";

interface Part {
  readonly label: string;
  readonly tokens: number;
  readonly color: string;
  readonly price: number | null | undefined;
}

/** Tokens and cost: the parts of the totals, each with its price. */
export function RequestTokens({ record }: { readonly record: RequestRecord }): JSX.Element {
  const price = usePrice(record);
  const parts = partsOf(record, price);
  const sum = parts.reduce((all, { tokens }) => all + tokens, 0);
  if (sum === 0) {
    return (
      <>
        <p>{isKnown(record.total_tokens) ? "No tokens were used." : usageReason(record)}</p>
        <Estimates record={record} />
        <CostLine record={record} price={price} />
      </>
    );
  }
  return (
    <>
      <div class="token-bar" aria-hidden="true">
        {parts.map(({ label, tokens, color }) => (
          <span key={label} style={{ width: `${(tokens / sum) * 100}%`, background: `var(${color})` }} />
        ))}
      </div>
      <table class="plain-table token-table">
        <thead>
          <tr>
            <th scope="col">Tokens</th>
            <th scope="col" class="end">
              Count
            </th>
            <th scope="col" class="end">
              Per 1M tokens
            </th>
          </tr>
        </thead>
        <tbody>
          {parts.map(({ label, tokens, color, price: each }) => (
            <tr key={label}>
              <th scope="row">
                <span class="name-cell">
                  <span class="swatch" style={{ background: `var(${color})` }} />
                  <span>{label}</span>
                </span>
              </th>
              <td class="end">{formatCountExactly(tokens)}</td>
              <td class="end">{isKnown(each) ? formatPrice(each) : DASH}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {record.usage_state !== "final" && <p class="drawer-note">{usageReason(record)}</p>}
      <CostLine record={record} price={price} />
    </>
  );
}

function usePrice({ provider, model }: RequestRecord): PriceRow | undefined {
  const query = new URLSearchParams({ provider, search: model ?? "" });
  const { data } = useResource<readonly PriceRow[]>(model === null ? null : `/prices?${query.toString()}`);
  return data?.find((row) => row.model === model);
}

function partsOf(record: RequestRecord, price: PriceRow | undefined): readonly Part[] {
  const { total_input_tokens: input, total_output_tokens: output } = record;
  const { cached_input_tokens: cached = 0, cache_write_tokens: written = 0, reasoning_tokens: thought = 0 } = record;
  const plain = (input ?? 0) - cached - written;
  const all: readonly Part[] = [
    { label: "Input", tokens: Math.max(0, plain), color: "--series-0", price: price?.input },
    { label: "Cache write", tokens: written, color: "--series-7", price: price?.cacheWrite },
    { label: "Cached input", tokens: cached, color: "--series-4", price: price?.cacheRead ?? price?.input },
    { label: "Output", tokens: Math.max(0, (output ?? 0) - thought), color: "--series-1", price: price?.output },
    { label: "Reasoning", tokens: thought, color: "--series-5", price: price?.output },
  ];
  return all.filter(({ tokens }) => tokens > 0);
}

function Estimates({ record }: { readonly record: RequestRecord }): JSX.Element | null {
  const { estimated_input_tokens: input, estimated_output_tokens: output } = record;
  if (!isKnown(input) && !isKnown(output)) return null;
  return (
    <p class="drawer-note">
      Estimate: {formatCountExactly(input)} input and {formatCountExactly(output)} output tokens. Not included in
      totals.
    </p>
  );
}

interface CostLineProps {
  readonly record: RequestRecord;
  readonly price: PriceRow | undefined;
}

function CostLine({ record, price }: CostLineProps): JSX.Element {
  const { params } = useUrlState();
  const { cost_usd: cost, cost_source: source } = record;
  const pricesOf = withChanges(scopeParams(params), { search: record.model });
  return (
    <div class="cost-line">
      <span class="cost-value">{formatCostExactly(cost)}</span>
      <span class="muted">
        {isKnown(cost) && source !== undefined ? costSources[source] : costReason(record)}
        {price && source !== "provider" && (
          <>
            ; current price as of{" "}
            <Link page="prices" params={pricesOf}>
              {price.asOf}
            </Link>
          </>
        )}
        {!price && source === "none" && record.model !== null && (
          <>
            {" "}
            <Link page="prices" params={pricesOf}>
              Set a price
            </Link>
          </>
        )}
      </span>
    </div>
  );
}
