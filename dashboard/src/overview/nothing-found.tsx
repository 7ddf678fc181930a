import type { JSX } from "preact";
import type { Answer } from "../../../src/admin/contract.ts";
import { setFilters, setRange, type Scope } from "../data/place.ts";
import { formatMoment } from "../format/moment.ts";
import { Button } from "../ui/button.tsx";
import { Empty } from "../ui/state.tsx";

const DAY_MS = 86_400_000;

/** No call matches: which filters to take back, or where the nearest calls are. */
export function NothingFound({ scope, answer }: { readonly scope: Scope; readonly answer: Answer }): JSX.Element {
  const last = answer.through;
  const isBefore = last !== null && Date.parse(last) < Date.parse(answer.query.from);
  const goThere = (): void => {
    if (last === null) return;
    const end = Date.parse(last) + 1;
    setRange({ from: new Date(end - DAY_MS).toISOString(), to: new Date(end).toISOString() });
  };
  return (
    <Empty
      title="No calls match"
      actions={
        <>
          {scope.filters.length > 0 && <Button onClick={() => setFilters([])}>Clear filters</Button>}
          {last !== null && isBefore && <Button onClick={goThere}>Go to the last calls</Button>}
          <Button onClick={() => setRange({ from: "-30d", to: "now" })}>Last 30 days</Button>
        </>
      }
    >
      {last === null ? "Nothing was recorded yet." : `The last call was on ${formatMoment(last, scope.tz)}.`}
    </Empty>
  );
}
