import type { JSX } from "preact";
import type { Coverage } from "../../../src/admin/api/contract.ts";
import { scopeParams, useUrlState } from "../data/url-state.ts";
import { formatCount, formatCountExactly, formatQuantity, formatShare } from "../format/number.ts";
import { Icon } from "./icon.tsx";
import { Link } from "./link.tsx";

/** Counts only requests that can have usage. */
function knownShare({ requests, notApplicable, withUsage }: Coverage): number | null {
  const countable = requests - notApplicable;
  return countable > 0 ? withUsage / countable : null;
}

/** The share of requests with known usage, and the reasons for the rest. */
export function CoverageLine({ coverage }: { readonly coverage: Coverage | undefined }): JSX.Element | null {
  if (coverage === undefined) return null;
  const share = knownShare(coverage);
  if (share === null) return null;
  const reasons = coverage.reasons
    .filter(({ requests }) => requests > 0)
    .map(({ reason, requests }) => `${reason}: ${formatCountExactly(requests)}`);
  return (
    <span class="coverage">
      Usage is known for {formatShare(share)} of requests
      {reasons.length > 0 && (
        <span class="coverage-why" tabIndex={0} role="note" aria-label={`Unknown usage: ${reasons.join("; ")}`}>
          <Icon name="info" size={14} />
          <span class="coverage-reasons" aria-hidden="true">
            <strong>No usage for {formatQuantity(coverage.withoutUsage, "request")}</strong>
            {reasons.map((reason) => (
              <span key={reason}>{reason}</span>
            ))}
          </span>
        </span>
      )}
    </span>
  );
}

/** States that costs are estimates. */
export function EstimatedNote(): JSX.Element {
  const { params } = useUrlState();
  return (
    <span>
      estimated from{" "}
      <Link page="prices" params={scopeParams(params)}>
        list prices
      </Link>
    </span>
  );
}

/** Shows how many tokens have no price and are not included in the cost. */
export function UnpricedChip({ coverage }: { readonly coverage: Coverage | undefined }): JSX.Element | null {
  const { params } = useUrlState();
  if (coverage === undefined || coverage.unpricedRequests === 0) return null;
  const models = coverage.unpricedModels;
  const what = models.length === 1 ? (models[0] ?? "1 model") : `${models.length} models`;
  const label = `No price for ${models.join(", ")}: ${formatQuantity(coverage.unpricedTokens, "token")} of ${formatQuantity(coverage.unpricedRequests, "request")} are not included in the cost.`;
  return (
    <Link page="prices" params={scopeParams(params)} class="chip warning" title={label}>
      <Icon name="errors" size={14} />
      {what} unpriced · {formatCount(coverage.unpricedTokens)} tokens
    </Link>
  );
}
