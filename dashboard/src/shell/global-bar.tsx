import type { JSX } from "preact";
import { bucketChoices, refreshChoices, setParams, type Scope } from "../data/url-state.ts";
import { refreshNow } from "../data/refresh.ts";
import { useStore } from "../data/store.ts";
import { nextTheme, theme } from "../data/theme.ts";
import { isGrowing } from "../format/range.ts";
import { Button } from "../ui/button.tsx";
import { Choice, Popover } from "../ui/popover.tsx";
import { copyText } from "../ui/toast.tsx";
import { ExportMenu } from "./export-menu.tsx";
import { FilterBar } from "./filter-bar.tsx";
import { isHelpOpen } from "./keyboard.ts";
import { RangePicker } from "./range-picker.tsx";
import { ZonePicker } from "./zone-picker.tsx";

const refreshLabels = { off: "Off", "5s": "Every 5 s", "30s": "Every 30 s", live: "Live" } as const;
const bucketLabels = {
  auto: "Automatic",
  "1m": "1 minute",
  "5m": "5 minutes",
  "15m": "15 minutes",
  "1h": "1 hour",
  "1d": "1 day",
  "1w": "1 week",
  "1mo": "1 month",
} as const;

interface GlobalBarProps {
  readonly scope: Scope;
  /** The page has no range. */
  readonly isTimeless: boolean;
}

/** The controls that all pages share: range, filters, zone, comparison, refresh. */
export function GlobalBar({ scope, isTimeless }: GlobalBarProps): JSX.Element {
  return (
    <div class="global-bar" role="region" aria-label="Range and filters">
      {!isTimeless && (
        <>
          <RangePicker scope={scope} />
          <FilterBar scope={scope} />
        </>
      )}
      <div class="bar-tools">
        {!isTimeless && <ScopeTools scope={scope} />}
        <Button
          icon="share"
          label="Copy a link to this view"
          onClick={() => void copyText(location.href, "Link copied")}
        />
        <ThemeButton />
        <Button icon="help" class="help" label="Keyboard shortcuts (?)" onClick={() => isHelpOpen.set(true)} />
      </div>
    </div>
  );
}

function ScopeTools({ scope }: { readonly scope: Scope }): JSX.Element {
  return (
    <>
      <Button
        icon="compare"
        label="Compare with the previous period (C)"
        pressed={scope.compare}
        onClick={() => setParams({ compare: scope.compare ? null : "previous" })}
      />
      <RefreshMenu scope={scope} />
      <ZonePicker scope={scope} />
      <ExportMenu scope={scope} />
    </>
  );
}

function RefreshMenu({ scope }: { readonly scope: Scope }): JSX.Element {
  const isRunning = isGrowing(scope) && scope.refresh !== "off";
  const text = scope.refresh === "live" ? "Live" : scope.refresh === "off" ? "Off" : scope.refresh.replace("s", " s");
  return (
    <Popover
      label={`Refresh and interval; now ${refreshLabels[scope.refresh]}`}
      icon="refresh"
      text={<span class={isRunning && scope.refresh === "live" ? "live" : ""}>{text}</span>}
      class="refresh"
      align="end"
    >
      {(close) => (
        <div class="menu">
          <button
            type="button"
            class="choice"
            onClick={() => {
              refreshNow();
              close();
            }}
          >
            <span class="choice-mark" />
            <span class="choice-text">Refresh now</span>
          </button>
          <div class="menu-title">Refresh</div>
          {refreshChoices.map((choice) => (
            <Choice
              key={choice}
              isChosen={choice === scope.refresh}
              hint={choice === "live" ? <kbd>l</kbd> : undefined}
              onChoose={() => setParams({ refresh: choice === "30s" ? null : choice })}
            >
              {refreshLabels[choice]}
            </Choice>
          ))}
          <div class="menu-title">Chart interval</div>
          {bucketChoices.map((choice) => (
            <Choice
              key={choice}
              isChosen={choice === scope.bucket}
              onChoose={() => setParams({ bucket: choice === "auto" ? null : choice })}
            >
              {bucketLabels[choice]}
            </Choice>
          ))}
        </div>
      )}
    </Popover>
  );
}

function ThemeButton(): JSX.Element {
  const choice = useStore(theme);
  const icons = { auto: "auto", light: "sun", dark: "moon" } as const;
  const labels = { auto: "Colors: system", light: "Colors: light", dark: "Colors: dark" } as const;
  return <Button icon={icons[choice]} label={labels[choice]} onClick={nextTheme} />;
}
