import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { PriceRow, SystemInfo } from "../../../src/admin/api/contract.ts";
import { setParams, useUrlState } from "../data/url-state.ts";
import { useResource } from "../data/resource.ts";
import { formatQuantity } from "../format/number.ts";
import { PriceDialog, type PriceTask } from "../prices/price-dialog.tsx";
import { PricesTable } from "../prices/prices-table.tsx";
import { Unpriced } from "../prices/unpriced.tsx";
import { Button } from "../ui/button.tsx";
import { PageHead, Panel } from "../ui/panel.tsx";
import { Segmented, Select } from "../ui/select.tsx";
import { Empty, Failure, Notice, SkeletonRows } from "../ui/state.tsx";

const sources = [
  { value: "all", label: "All" },
  { value: "override", label: "Your price" },
  { value: "table", label: "List price" },
] as const;

/** The prices in force. */
export function PricesPage(): JSX.Element {
  const { params } = useUrlState();
  const { data, error, reload } = useResource<readonly PriceRow[]>("/prices");
  const [task, setTask] = useState<PriceTask | null>(null);
  const shown = data && matching(data, params);
  const versions = [...new Set(data?.filter(({ source }) => source === "table").map(({ asOf }) => asOf))];
  return (
    <>
      <PageHead
        title="Prices"
        subtitle="US dollars per 1M tokens. LMGate uses the cost that the provider reports, else your price, else the list price."
      />
      <ReadOnly />
      <div class="stack first">
        <Unpriced onEdit={setTask} />
        <Panel
          title="Prices in force"
          subtitle={
            shown
              ? [formatQuantity(shown.length, "price"), ...versions.map((version) => `list of ${version}`)].join(" · ")
              : "\u00a0"
          }
          isFlush
          error={data && error}
          actions={<Tools rows={data ?? []} />}
        >
          {error && data === undefined && <Failure error={error} onRetry={reload} />}
          {!error && data === undefined && <SkeletonRows rows={12} height={36} />}
          {data && shown?.length === 0 && <NoneFound params={params} onEdit={setTask} />}
          {shown && shown.length > 0 && <PricesTable rows={shown} onEdit={(row) => setTask({ ...row, row })} />}
        </Panel>
      </div>
      {task && <PriceDialog task={task} onClose={() => setTask(null)} />}
    </>
  );
}

/** The operator's prices are in a file; without it only list prices are used. */
function ReadOnly(): JSX.Element | null {
  const { data } = useResource<SystemInfo>("/system");
  const setting = data?.settings.find(({ path }) => path === "pricing.overrides_path");
  if (setting === undefined || setting.value !== "null") return null;
  return (
    <Notice kind="info">
      Prices are read-only. To set your own, configure <code>pricing.overrides_path</code> and restart the gateway.
    </Notice>
  );
}

function Tools({ rows }: { readonly rows: readonly PriceRow[] }): JSX.Element {
  const { params } = useUrlState();
  const providers = [...new Set(rows.map(({ provider }) => provider))];
  return (
    <div class="table-tools">
      <input
        class="input search-box"
        type="search"
        aria-label="Search models"
        placeholder="Search models"
        value={params.get("search") ?? ""}
        onInput={(event) => setParams({ search: event.currentTarget.value || null }, { replace: true })}
      />
      <Select
        label="Provider"
        prefix="Provider"
        value={providers.find((name) => name === params.get("provider")) ?? ""}
        options={[{ value: "", label: "all" }, ...providers.map((value) => ({ value, label: value }))]}
        onChange={(value) => setParams({ provider: value || null }, { replace: true })}
      />
      <Segmented
        label="Source"
        value={sources.find(({ value }) => value === params.get("source"))?.value ?? "all"}
        options={sources}
        onChange={(value) => setParams({ source: value === "all" ? null : value }, { replace: true })}
      />
    </div>
  );
}

interface NoneFoundProps {
  readonly params: URLSearchParams;
  readonly onEdit: (task: PriceTask) => void;
}

function NoneFound({ params, onEdit }: NoneFoundProps): JSX.Element {
  const provider = params.get("provider");
  const model = params.get("search");
  return (
    <Empty
      icon="prices"
      title="No matching prices"
      actions={
        <>
          <Button onClick={() => setParams({ search: null, provider: null, source: null })}>Show all</Button>
          {provider !== null && model !== null && (
            <Button onClick={() => onEdit({ provider, model })}>{`Set a price for ${model}`}</Button>
          )}
        </>
      }
    >
      {provider === null && "Choose a provider to set a price for a model that is not listed."}
    </Empty>
  );
}

function matching(rows: readonly PriceRow[], params: URLSearchParams): readonly PriceRow[] {
  const search = (params.get("search") ?? "").toLowerCase();
  const [provider, source] = [params.get("provider"), params.get("source")];
  // The list has several patterns with the same prefix for some models.
  const once = new Map(rows.map((row) => [JSON.stringify(row), row])).values();
  return [...once].filter(
    (row) =>
      row.model.toLowerCase().includes(search) &&
      (provider === null || row.provider === provider) &&
      (source === null || row.source === source),
  );
}
