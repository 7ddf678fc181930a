import type { JSX } from "preact";
import type { QueryResponse, NearestRange } from "../../../src/admin/api/contract.ts";
import { scopeQuery } from "../data/use-usage.ts";
import { setFilters, setRange, type Scope } from "../data/url-state.ts";
import { useResource } from "../data/resource.ts";
import { formatMoment } from "../format/moment.ts";
import { Button } from "../ui/button.tsx";
import { Empty } from "../ui/state.tsx";

interface NothingFoundProps {
  readonly scope: Scope;
  readonly result?: QueryResponse;
}

/** Shown if no request matches: offers to clear filters or to go to the nearest requests. */
export function NothingFound({ scope, result }: NothingFoundProps): JSX.Element {
  const { data } = useResource<{ readonly range: NearestRange | null }>(`/nearest?${scopeQuery(scope).toString()}`);
  const range = data?.range;
  return (
    <Empty
      title="No matching requests"
      actions={
        <>
          {scope.filters.length > 0 && <Button onClick={() => setFilters([])}>Clear filters</Button>}
          {range && <Button onClick={() => setRange(range)}>Go to the nearest requests</Button>}
          {data && !range && <Button onClick={() => setRange({ from: "-30d", to: "now" })}>Last 30 days</Button>}
        </>
      }
    >
      {range
        ? `The nearest requests are between ${formatMoment(range.from, scope.tz)} and ${formatMoment(range.to, scope.tz)}.`
        : result?.through && `The last request was on ${formatMoment(result.through, scope.tz)}.`}
    </Empty>
  );
}
