import type { JSX } from "preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import type { RequestRow } from "../../../src/admin/api/contract.ts";
import { useLiveRequests, type LiveRequests } from "../data/live-requests.ts";
import { setParams, useUrlState, type Params, type Scope } from "../data/url-state.ts";
import { formatCountExactly, formatQuantity } from "../format/number.ts";
import { isGrowing } from "../format/range.ts";
import { NothingFound } from "../overview/nothing-found.tsx";
import { RequestDrawer } from "../requests/request-drawer.tsx";
import { RequestsTable } from "../requests/requests-table.tsx";
import { FilterLine } from "../requests/filter-line.tsx";
import { usePageKey } from "../shell/page-keys.ts";
import { describeRange } from "../shell/range-picker.tsx";
import { Button } from "../ui/button.tsx";
import { describeScope } from "../ui/filter-label.ts";
import { PageHead, Panel } from "../ui/panel.tsx";
import { Select } from "../ui/select.tsx";
import { Failure, SkeletonRows } from "../ui/state.tsx";

const caps = ["10", "50", "200"] as const;
type Cap = (typeof caps)[number];
const capOptions = caps.map((value) => ({ value, label: `${value} per second` }));
/** The height of everything but the table, which fills the rest. */
const AROUND_PX = 330;
/** The next page is loaded this many rows before the end. */
const AHEAD = 60;

const isTailOn = (scope: Scope, params: Params): boolean => isGrowing(scope) && params.get("tail") !== "off";

/** Live and past requests. */
export function RequestsPage({ scope }: { readonly scope: Scope }): JSX.Element {
  const { params } = useUrlState();
  const isLive = isTailOn(scope, params);
  const cap = caps.find((one) => one === params.get("cap")) ?? "50";
  const id = params.get("id");
  const [isPaused, setPaused] = useState(false);
  const [isScrolled, setScrolled] = useState(false);
  const isHeld = isPaused || isScrolled || id !== null;
  const requests = useLiveRequests(scope, { isLive, cap: Number(cap), isHeld });
  const { release, waiting } = requests;
  useEffect(() => {
    if (!isHeld && waiting > 0) release();
  }, [isHeld, waiting]);
  const pause = useCallback(() => setPaused((old) => !old), []);
  const toggle = useCallback(() => setParams({ tail: isLive ? "off" : null }, { replace: true }), [isLive]);
  usePageKey(" ", pause);
  usePageKey("l", toggle);
  const open = (row: RequestRow): void => setParams({ id: row.id }, { replace: id !== null });
  const showNew = (): void => {
    release();
    setPaused(false);
    document.querySelector(".requests .table-box")?.scrollTo({ top: 0 });
  };
  return (
    <>
      <PageHead title="Requests" subtitle={`${describeRange(scope)} · ${scope.tz.replaceAll("_", " ")}`} />
      <div class="requests-tools">
        <FilterLine />
        {isGrowing(scope) && (
          <TailTools
            requests={requests}
            isLive={isLive}
            isPaused={isPaused}
            cap={cap}
            onPause={pause}
            onToggle={toggle}
          />
        )}
      </div>
      <RequestsPanel
        scope={scope}
        requests={requests}
        chosen={id}
        onOpen={open}
        onScrolled={setScrolled}
        onShowNew={showNew}
      />
      {id !== null && <OpenRequest id={id} rows={requests.rows ?? []} tz={scope.tz} onOpen={open} />}
    </>
  );
}

interface RequestsPanelProps {
  readonly scope: Scope;
  readonly requests: LiveRequests;
  readonly chosen: string | null;
  readonly onOpen: (row: RequestRow) => void;
  readonly onScrolled: (isScrolled: boolean) => void;
  readonly onShowNew: () => void;
}

function RequestsPanel({ scope, requests, chosen, onOpen, onScrolled, onShowNew }: RequestsPanelProps): JSX.Element {
  const { rows, error, waiting, isLoading } = requests;
  const view = (first: number, last: number): void => {
    onScrolled(first > 0);
    if (rows && last > rows.length - AHEAD) requests.loadMore?.();
  };
  return (
    <Panel
      title="Requests"
      subtitle={describeScope(scope)}
      isFlush
      class="requests"
      isLoading={isLoading && rows !== undefined}
      error={rows && error}
      actions={
        waiting > 0 && (
          <Button size="small" kind="primary" icon="up" onClick={onShowNew}>
            {`${formatCountExactly(waiting)} new`}
          </Button>
        )
      }
      foot={rows && <Foot requests={requests} count={rows.length} />}
    >
      {error && rows === undefined && <Failure error={error} onRetry={requests.reload} />}
      {!error && rows === undefined && <SkeletonRows rows={14} height={36} />}
      {rows?.length === 0 && !isLoading && <NothingFound scope={scope} />}
      {rows && rows.length > 0 && (
        <RequestsTable
          label="Requests"
          rows={rows}
          tz={scope.tz}
          chosen={chosen}
          onOpen={onOpen}
          height={Math.max(420, innerHeight - AROUND_PX)}
          onView={view}
          onMore={requests.loadMore}
        />
      )}
    </Panel>
  );
}

interface OpenRequestProps {
  readonly id: string;
  readonly rows: readonly RequestRow[];
  readonly tz: string;
  readonly onOpen: (row: RequestRow) => void;
}

function OpenRequest({ id, rows, tz, onOpen }: OpenRequestProps): JSX.Element {
  const at = rows.findIndex((row) => row.id === id);
  const newer = at > 0 ? rows[at - 1] : undefined;
  const older = at >= 0 ? rows[at + 1] : undefined;
  return (
    <RequestDrawer
      id={id}
      tz={tz}
      onClose={() => setParams({ id: null }, { replace: true })}
      onNewer={newer && (() => onOpen(newer))}
      onOlder={older && (() => onOpen(older))}
    />
  );
}

interface TailToolsProps {
  readonly requests: LiveRequests;
  readonly isLive: boolean;
  readonly isPaused: boolean;
  readonly cap: Cap;
  readonly onPause: () => void;
  readonly onToggle: () => void;
}

function TailTools({ requests, isLive, isPaused, cap, onPause, onToggle }: TailToolsProps): JSX.Element {
  return (
    <div class="tail-tools" role="group" aria-label="Live requests">
      {isLive && (
        <span class="tail-rate">
          <span class={isPaused ? "paused" : "live"}>
            {isPaused ? "Paused" : `${rateText(requests.perSecond)} per second`}
          </span>
        </span>
      )}
      <Announcer requests={requests} isLive={isLive} />
      {isLive && (
        <Button
          icon={isPaused ? "play" : "pause"}
          label={isPaused ? "Resume (Space)" : "Pause (Space)"}
          pressed={isPaused}
          onClick={onPause}
        />
      )}
      {isLive && (
        <Select
          label="Maximum rate"
          prefix="up to"
          value={cap}
          options={capOptions}
          onChange={(value) => setParams({ cap: value === "50" ? null : value }, { replace: true })}
        />
      )}
      <Button
        label={isLive ? "Live requests are on (L)" : "Live requests are off (L)"}
        pressed={isLive}
        onClick={onToggle}
      >
        Live
      </Button>
    </div>
  );
}

const rateText = (rate: number): string => (rate < 10 ? rate.toFixed(1) : String(Math.round(rate)));
const SPOKEN_MS = 15_000;

/** Announces the rate now and then to screen readers; announcing each row would be noise. */
function Announcer({ requests, isLive }: { readonly requests: LiveRequests; readonly isLive: boolean }): JSX.Element {
  const [text, setText] = useState("");
  const { perSecond, failedPerSecond } = requests;
  const words = `${rateText(perSecond)} requests per second, ${rateText(failedPerSecond)} failed per second`;
  const [spokenAt, setSpokenAt] = useState(0);
  useEffect(() => {
    if (!isLive || Date.now() - spokenAt < SPOKEN_MS) return;
    setText(words);
    setSpokenAt(Date.now());
  }, [words, isLive]);
  return (
    <span class="visually-hidden" role="status" aria-live="polite">
      {isLive ? text : ""}
    </span>
  );
}

function Foot({ requests, count }: { readonly requests: LiveRequests; readonly count: number }): JSX.Element {
  return (
    <>
      <span>
        {formatQuantity(count, "request")}
        {requests.loadMore ? "; scroll for more" : ""}
      </span>
      {requests.skipped > 0 && (
        <span>
          {formatQuantity(requests.skipped, "request")} skipped to stay within the live limit. Refresh to see them.
        </span>
      )}
    </>
  );
}
