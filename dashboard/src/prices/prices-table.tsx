import type { JSX } from "preact";
import type { PriceRow } from "../../../src/admin/api/contract.ts";
import { setParams, useUrlState } from "../data/url-state.ts";
import { formatPrice, isKnown } from "../format/number.ts";
import { Button } from "../ui/button.tsx";
import { DataTable, type Column } from "../ui/data-table.tsx";
import { Badge } from "../ui/status.tsx";

interface PricesTableProps {
  readonly rows: readonly PriceRow[];
  readonly onEdit: (row: PriceRow) => void;
}

/** Every model with a price, and the source of the price. */
export function PricesTable({ rows, onEdit }: PricesTableProps): JSX.Element {
  const { params } = useUrlState();
  return (
    <DataTable
      label="Prices"
      columns={columnsFor(onEdit)}
      rows={rows}
      keyOf={(row) => JSON.stringify(row)}
      sort={params.get("sort") ?? "model"}
      onSort={(sort) => setParams({ sort }, { replace: true })}
      onRow={onEdit}
    />
  );
}

function columnsFor(onEdit: PricesTableProps["onEdit"]): Column<PriceRow>[] {
  return [
    {
      id: "model",
      label: "Model",
      card: "title",
      sortValue: ({ model }) => model,
      render: ({ model }) => <span class="model-name">{model}</span>,
    },
    { id: "provider", label: "Provider", sortValue: ({ provider }) => provider, render: ({ provider }) => provider },
    amount("input", "Input", "field"),
    amount("cacheRead", "Cached input", "none"),
    amount("cacheWrite", "Cache write", "none"),
    amount("output", "Output", "field"),
    {
      id: "source",
      label: "Source",
      card: "none",
      sortValue: ({ source }) => source,
      render: ({ source, asOf }) => (
        <span class="status-cell">
          {source === "override" ? <Badge mood="good">your price</Badge> : <Badge mood="neutral">list price</Badge>}
          <span class="muted">{source === "override" ? asOf.slice(0, 10) : asOf}</span>
        </span>
      ),
    },
    {
      id: "edit",
      label: "Edit",
      align: "end",
      card: "none",
      render: (row) => (
        <Button
          icon="edit"
          kind="quiet"
          size="small"
          label={`Set a price for ${row.model}`}
          onClick={() => onEdit(row)}
        />
      ),
    },
  ];
}

const amount = (
  id: "input" | "output" | "cacheRead" | "cacheWrite",
  label: string,
  card: "field" | "none",
): Column<PriceRow> => ({
  id,
  label,
  align: "end",
  card,
  hint: "US dollars per 1M tokens",
  sortValue: (row) => row[id],
  render: (row) => (
    <span title={isKnown(row[id]) ? "US dollars per 1M tokens" : "No separate price"}>{formatPrice(row[id])}</span>
  ),
});
