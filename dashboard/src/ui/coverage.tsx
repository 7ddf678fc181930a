import type { JSX } from "preact";
import type { Coverage } from "../../../src/admin/api/contract.ts";
import { scopeParams, usePlace } from "../data/url-state.ts";
import { formatCount, formatCountExactly, formatShare } from "../format/number.ts";
import { Icon } from "./icon.tsx";
import { Link } from "./link.tsx";

/** Of calls that can have usage. */
function knownShare({ requests, notApplicable, withUsage }: Coverage): number | null {
  const countable = requests - notApplicable;
  return countable > 0 ? withUsage / countable : null;
}

/** How much of what is shown is known, and why the rest is not. */
export function CoverageLine({ coverage }: { readonly coverage: Coverage | undefined }): JSX.Element | null {
  if (coverage === undefined) return null;
  const share = knownShare(coverage);
  if (share === null) return null;
  const reasons = coverage.reasons
    .filter(({ requests }) => requests > 0)
    .map(({ reason, requests }) => `${reason}: ${formatCountExactly(requests)}`);
  return (
    <span class="coverage">
      Usage known for {formatShare(share)} of calls
      {reasons.length > 0 && (
        <span class="coverage-why" tabIndex={0} role="note" aria-label={`Not known: ${reasons.join("; ")}`}>
          <Icon name="info" size={14} />
          <span class="coverage-reasons" aria-hidden="true">
            <strong>No usage for {formatCount(coverage.withoutUsage)} calls</strong>
            {reasons.map((reason) => (
              <span key={reason}>{reason}</span>
            ))}
          </span>
        </span>
      )}
    </span>
  );
}

/** Costs are never an invoice. */
export function EstimatedNote(): JSX.Element {
  const { params } = usePlace();
  return (
    <span>
      estimated from{" "}
      <Link page="prices" params={scopeParams(params)}>
        list prices
      </Link>
    </span>
  );
}

/** Tokens that no price is known for are missing in every cost. */
export function UnpricedChip({ coverage }: { readonly coverage: Coverage | undefined }): JSX.Element | null {
  const { params } = usePlace();
  if (coverage === undefined || coverage.unpricedRequests === 0) return null;
  const models = coverage.unpricedModels;
  const what = models.length === 1 ? (models[0] ?? "1 model") : `${models.length} models`;
  const label = `No price is known for ${models.join(", ")}: ${formatCountExactly(coverage.unpricedTokens)} tokens of ${formatCountExactly(coverage.unpricedRequests)} calls are missing in the cost.`;
  return (
    <Link page="prices" params={scopeParams(params)} class="chip warning" title={label}>
      <Icon name="errors" size={14} />
      {what} unpriced · {formatCount(coverage.unpricedTokens)} tokens
    </Link>
  );
}
