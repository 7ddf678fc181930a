import type { JSX } from "preact";
import type { StoreInfo } from "../../../src/admin/api/contract.ts";
import { formatMomentExactly } from "../format/moment.ts";
import { formatBytes, formatCountExactly, formatQuantity } from "../format/number.ts";
import { Panel } from "../ui/panel.tsx";
import { Empty } from "../ui/state.tsx";
import { Badge } from "../ui/status.tsx";
import { Numbers, type Fact } from "./numbers.tsx";

interface StorePanelProps {
  readonly store: StoreInfo | null;
  readonly tz: string;
}

/** The state of the query store. */
export function StorePanel({ store, tz }: StorePanelProps): JSX.Element {
  if (store === null) {
    return (
      <Panel title="Query store">
        <Empty icon="system" title="The query store is disabled">
          Set <code>store.enabled</code> to <code>true</code> to see statistics. Requests are recorded either way.
        </Empty>
      </Panel>
    );
  }
  const { retention } = store;
  const content: readonly Fact[] = [
    ["Records", formatCountExactly(store.records)],
    ["First record", store.from === null ? "none yet" : formatMomentExactly(store.from, tz)],
    [
      "Compacted up to",
      store.compactedThrough === null ? "nothing yet" : formatMomentExactly(store.compactedThrough, tz),
    ],
    ["Ledger", `${formatBytes(store.ledgerBytes)} in ${formatQuantity(store.segments, "file")}`],
    ["Compacted", formatBytes(store.parquetBytes)],
    ["Bad lines", <Badge mood={store.badLines === 0 ? "good" : "warning"}>{formatCountExactly(store.badLines)}</Badge>],
  ];
  const facts: readonly Fact[] = [
    ["State", <Badge mood={moods[store.state]}>{store.state}</Badge>],
    ...(store.state === "ready" ? content : []),
    ["Retention", retention.days === null ? "forever" : formatQuantity(retention.days, "day")],
    ["Maximum size", retention.gigabytes === null ? "unlimited" : `${retention.gigabytes} GB`],
  ];
  return (
    <Panel title="Query store" subtitle="Built from the ledger. It sleeps while no statistics are asked for." isFlush>
      <Numbers facts={facts} />
    </Panel>
  );
}

const moods = { asleep: "neutral", ready: "good", starting: "warning", down: "bad" } as const;
