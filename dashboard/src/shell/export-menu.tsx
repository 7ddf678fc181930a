import type { JSX } from "preact";
import { usageQuery, type UsageRequest } from "../data/use-usage.ts";
import { Store, useStore } from "../data/store.ts";
import { scopeQuery } from "../data/use-usage.ts";
import type { Scope } from "../data/url-state.ts";
import { Icon } from "../ui/icon.tsx";
import { Popover } from "../ui/popover.tsx";
import { saveChartImage } from "./chart-image.ts";

/** The query of the page's main table, so that an export has the same figures. Pages set it. */
export const exportedUsage = new Store<UsageRequest | null>(null);

const formats = [
  { name: "csv", label: "CSV" },
  { name: "csv", label: "CSV for spreadsheets", mark: true },
  { name: "jsonl", label: "JSON lines" },
  { name: "parquet", label: "Parquet" },
] as const;

/** Files come from the server, with the same query as the page and without a row limit. */
export function ExportMenu({ scope }: { readonly scope: Scope }): JSX.Element {
  const ask = useStore(exportedUsage);
  const usage = ask === null ? null : usageQuery(scope, ask);
  usage?.delete("limit");
  usage?.set("what", "usage");
  const requests = scopeQuery(scope);
  requests.set("what", "calls");
  return (
    <Popover label="Export (X)" id="export-button" icon="download" align="end">
      {(close) => (
        <div class="menu">
          {usage !== null && <Files title="This view" query={usage} onDone={close} />}
          <Files title="Requests" query={requests} onDone={close} />
          <div class="menu-title">Image</div>
          <button
            type="button"
            class="choice"
            onClick={() => {
              saveChartImage();
              close();
            }}
          >
            <span class="choice-mark">
              <Icon name="area" size={14} />
            </span>
            Chart as PNG
          </button>
        </div>
      )}
    </Popover>
  );
}

interface FilesProps {
  readonly title: string;
  readonly query: URLSearchParams;
  readonly onDone: () => void;
}

function Files({ title, query, onDone }: FilesProps): JSX.Element {
  return (
    <>
      <div class="menu-title">{title}</div>
      {formats.map(({ name, label, ...rest }) => (
        <a
          key={label}
          class="choice"
          href={`/api/v1/export.${name}?${query.toString()}${"mark" in rest ? "&bom=1" : ""}`}
          download
          onClick={onDone}
        >
          <span class="choice-mark">
            <Icon name="table" size={14} />
          </span>
          {label}
        </a>
      ))}
    </>
  );
}
