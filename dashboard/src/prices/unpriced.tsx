import type { JSX } from "preact";
import type { UnpricedModel } from "../../../src/admin/api/contract.ts";
import { useResource } from "../data/resource.ts";
import { formatCount, formatCountExactly } from "../format/number.ts";
import { Button } from "../ui/button.tsx";
import { DataTable, type Column } from "../ui/data-table.tsx";
import { Panel } from "../ui/panel.tsx";
import { Failure } from "../ui/state.tsx";
import type { PriceTask } from "./price-dialog.tsx";

/** Models whose requests are not included in any cost. Renders nothing if there are none. */
export function Unpriced({ onEdit }: { readonly onEdit: (task: PriceTask) => void }): JSX.Element | null {
  const { data, error, reload } = useResource<readonly UnpricedModel[]>("/prices/unpriced?from=-30d");
  if (error && data === undefined) return <Failure error={error} onRetry={reload} />;
  if (data === undefined || data.length === 0) return null;
  return (
    <Panel
      title="Models without a price"
      subtitle="Used in the last 30 days. Their tokens are not included in any cost."
      class="unpriced"
      isFlush
      error={error}
    >
      <DataTable
        label="Models without a price"
        columns={columnsFor(onEdit)}
        rows={data}
        keyOf={({ provider, model }) => `${provider} ${model}`}
      />
    </Panel>
  );
}

const columnsFor = (onEdit: (task: PriceTask) => void): Column<UnpricedModel>[] => [
  {
    id: "model",
    label: "Model",
    card: "title",
    render: ({ model, provider }) => (
      <span class="model-cell">
        <span class="model-name">{model}</span>
        <span class="muted">{provider}</span>
      </span>
    ),
  },
  {
    id: "requests",
    label: "Requests",
    align: "end",
    render: ({ requests }) => <span title={formatCountExactly(requests)}>{formatCount(requests)}</span>,
  },
  {
    id: "tokens",
    label: "Tokens",
    align: "end",
    render: ({ tokens }) => <span title={formatCountExactly(tokens)}>{formatCount(tokens)}</span>,
  },
  {
    id: "set",
    label: "Price",
    align: "end",
    render: ({ provider, model }) => (
      <Button size="small" label={`Set price for ${model}`} onClick={() => onEdit({ provider, model })}>
        Set price
      </Button>
    ),
  },
];
