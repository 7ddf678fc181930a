import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { ProxyStatus } from "../../../src/admin/api/contract.ts";
import { Sparkline } from "../chart/sparkline.tsx";
import { useResource } from "../data/resource.ts";
import { formatDuration } from "../format/number.ts";
import { Panel } from "../ui/panel.tsx";
import { Failure, SkeletonRows } from "../ui/state.tsx";
import { Badge } from "../ui/status.tsx";

const AGAIN_MS = 5_000;
const KEPT = 60;
/** Delays below this are not noticeable and are shown as "OK". */
const LATE_MS = 50;

/** LMGate's own part of the latency: the event-loop delay of its workers. */
export function LoopLag(): JSX.Element {
  const { data, error, reload } = useResource<ProxyStatus>("/status");
  const history = useRef(new Map<string, number[]>());
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && reload(), AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  const seen = useRef<ProxyStatus | null>(null);
  if (data && seen.current !== data) {
    seen.current = data;
    for (const { name, loopLagMs } of data.threads) {
      history.current.set(name, [...(history.current.get(name) ?? []), loopLagMs.p99].slice(-KEPT));
    }
  }
  // The ledger worker does not measure its own delay.
  const threads = data?.threads.filter(({ name }) => name !== "ledger");
  return (
    <Panel
      title="LMGate's event-loop delay"
      subtitle="One row per worker. The line shows p99 since you opened this page."
      isFlush
      error={data && error}
    >
      {error && data === undefined && <Failure error={error} onRetry={reload} />}
      {!error && data === undefined && <SkeletonRows rows={3} height={44} />}
      <ul class="lag-list">
        {threads?.map(({ name, state, loopLagMs: { p50, p99, max } }) => (
          <li key={name}>
            <span class="lag-name">
              <strong>{name}</strong>
              <Badge mood={state === "down" ? "bad" : p99 > LATE_MS ? "warning" : "good"}>
                {state !== "running" ? state : p99 > LATE_MS ? "delayed" : "OK"}
              </Badge>
            </span>
            <span class="lag-spark">
              <Sparkline values={history.current.get(name) ?? []} />
            </span>
            <span class="lag-figures">
              <Figure label="p50" ms={p50} />
              <Figure label="p99" ms={p99} />
              <Figure label="max" ms={max} />
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

const Figure = ({ label, ms }: { readonly label: string; readonly ms: number }): JSX.Element => (
  <span>
    <span class="muted">{label}</span> {formatDuration(ms)}
  </span>
);
