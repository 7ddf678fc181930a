import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { Answer, Metric } from "../../../src/admin/api/contract.ts";
import { useAnswer, type Ask } from "../data/use-usage.ts";
import { scopeParams, usePlace, withFilters, type Scope } from "../data/url-state.ts";
import { ErrorTypes, isFailed } from "../errors/error-types.tsx";
import { DeniedKeys, RefusedByProviders } from "../errors/rejected.tsx";
import { StatusChart } from "../errors/status-chart.tsx";
import { NothingFound } from "../overview/nothing-found.tsx";
import { CallList } from "../requests/request-list.tsx";
import { exportedAsk } from "../shell/export-menu.tsx";
import { rangeWords } from "../shell/range-picker.tsx";
import { scopeWords } from "../ui/filter-words.ts";
import { Link } from "../ui/link.tsx";
import { PageHead } from "../ui/panel.tsx";
import { Empty } from "../ui/state.tsx";
import { Tile } from "../ui/tile.tsx";

const exported: Ask = {
  metrics: ["requests"],
  groupBy: ["error_type", "provider"],
  filters: [isFailed],
  bucket: "none",
};
const counted: readonly Metric[] = ["errors", "error_rate", "requests"];
const throttled: Ask = {
  metrics: ["requests"],
  filters: [{ dimension: "status", op: "is", values: ["429"] }],
  compare: true,
};
const failed: Ask = {
  metrics: ["requests"],
  filters: [{ dimension: "status", op: "gte", values: ["500"] }],
  compare: true,
};

/** What fails, and who is throttled. */
export function ErrorsPage({ scope }: { readonly scope: Scope }): JSX.Element {
  const { params } = usePlace();
  const { data } = useAnswer(scope, { metrics: counted, compare: true });
  useEffect(() => {
    exportedAsk.set(exported);
    return () => exportedAsk.set(null);
  }, []);
  const all = withFilters(scopeParams(params), [...scope.filters, isFailed]);
  return (
    <>
      <PageHead title="Errors & limits" subtitle={`${rangeWords(scope)} · ${scope.tz.replaceAll("_", " ")}`} />
      {data?.totals.total.requests === 0 ? (
        <div class="stack">
          <NothingFound scope={scope} answer={data} />
          <DeniedKeys scope={scope} />
        </div>
      ) : (
        <>
          <Tiles scope={scope} answer={data} />
          <div class="stack">
            <StatusChart scope={scope} />
            <ErrorTypes scope={scope} />
            <div class="grid-2">
              <RefusedByProviders scope={scope} />
              <DeniedKeys scope={scope} />
            </div>
            <CallList
              title="Latest errors"
              subtitle="newest first"
              scope={scope}
              order="newest"
              filters={[isFailed]}
              actions={
                <Link page="requests" params={all} class="panel-link" label="View all errors in Requests">
                  View all
                </Link>
              }
              empty={
                <Empty icon="check" title="Nothing failed">
                  Every call in this range was answered.
                </Empty>
              }
            />
          </div>
        </>
      )}
    </>
  );
}

function Tiles({ scope, answer }: { readonly scope: Scope; readonly answer: Answer | undefined }): JSX.Element {
  const { data: throttles } = useAnswer(scope, throttled);
  const { data: failures } = useAnswer(scope, failed);
  const subtitle = scopeWords(scope);
  const unknown = "no calls";
  return (
    <div class="tiles four">
      <Tile label="Error rate" metric="error_rate" answer={answer} subtitle={subtitle} unknown={unknown} />
      <Tile label="Errors" metric="errors" answer={answer} subtitle={subtitle} unknown={unknown} />
      <Tile label="Too many requests" metric="requests" answer={throttles} subtitle="status 429" unknown={unknown} />
      <Tile
        label="Failed at the provider"
        metric="requests"
        answer={failures}
        subtitle="status 500 and above"
        unknown={unknown}
      />
    </div>
  );
}
