import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { setRange, type Scope } from "../data/url-state.ts";
import { formatMoment } from "../format/moment.ts";
import { isGrowing, presets, resolveMoment, shiftRange, type Range } from "../format/range.ts";
import { fromLocalInput, lastMonth, toLocalInput } from "../format/zoned.ts";
import { Button } from "../ui/button.tsx";
import { Choice, Popover } from "../ui/popover.tsx";

/** Describes the range: the preset's name, or from and to. */
export function describeRange(scope: Scope): string {
  const preset = presets.find(({ from, to }) => from === scope.from && to === scope.to);
  if (preset) return preset.label;
  const relative = /^-(\d+)([mhdw])$/.exec(scope.from);
  const units: Readonly<Record<string, string>> = { m: "minutes", h: "hours", d: "days", w: "weeks" };
  if (relative && scope.to === "now") return `Last ${relative[1] ?? ""} ${units[relative[2] ?? ""] ?? ""}`;
  const now = Date.now();
  const words = (text: string): string => (text === "now" ? "now" : formatMoment(resolveMoment(text, now), scope.tz));
  return `${words(scope.from)} – ${words(scope.to)}`;
}

export function shift(scope: Range, direction: -1 | 1): void {
  if (direction === 1 && isGrowing(scope)) return;
  setRange(shiftRange(scope, direction, Date.now()));
}

export function RangePicker({ scope }: { readonly scope: Scope }): JSX.Element {
  return (
    <div class="range">
      <Button icon="left" label="Earlier ([)" onClick={() => shift(scope, -1)} />
      <Popover label="Time range" id="range-button" icon="calendar" text={describeRange(scope)} class="range-popover">
        {(close) => <RangeMenu scope={scope} close={close} />}
      </Popover>
      <Button icon="right" label="Later (])" disabled={isGrowing(scope)} onClick={() => shift(scope, 1)} />
    </div>
  );
}

function RangeMenu({ scope, close }: { readonly scope: Scope; readonly close: () => void }): JSX.Element {
  const choose = (range: Range): void => {
    setRange(range);
    close();
  };
  return (
    <div class="range-menu">
      <div class="range-presets">
        {presets.map(({ label, digit, ...range }) => (
          <Choice
            key={label}
            hint={<kbd>{digit}</kbd>}
            isChosen={range.from === scope.from && range.to === scope.to}
            onChoose={() => choose(range)}
          >
            {label}
          </Choice>
        ))}
        <Choice onChoose={() => choose(lastMonth(Date.now(), scope.tz))}>Last month</Choice>
      </div>
      <CustomRange scope={scope} choose={choose} />
    </div>
  );
}

function CustomRange({
  scope,
  choose,
}: {
  readonly scope: Scope;
  readonly choose: (range: Range) => void;
}): JSX.Element {
  const local = (text: string): string => toLocalInput(resolveMoment(text, Date.now()), scope.tz);
  const [from, setFrom] = useState(local(scope.from));
  const [to, setTo] = useState(local(scope.to));
  const isWrong = !(from < to);
  const apply = (event: Event): void => {
    event.preventDefault();
    if (isWrong) return;
    const absolute = (text: string): string => new Date(fromLocalInput(text, scope.tz)).toISOString();
    choose({ from: absolute(from), to: absolute(to) });
  };
  return (
    <form class="range-custom" onSubmit={apply}>
      <div class="menu-title">Custom range</div>
      <label class="field">
        <span>From</span>
        <input type="datetime-local" value={from} onInput={(event) => setFrom(event.currentTarget.value)} />
      </label>
      <label class="field">
        <span>To (exclusive)</span>
        <input type="datetime-local" value={to} onInput={(event) => setTo(event.currentTarget.value)} />
      </label>
      <p class="field-note">
        {isWrong ? "The end must be after the start." : `Times are in ${scope.tz.replaceAll("_", " ")}.`}
      </p>
      <Button kind="primary" type="submit" disabled={isWrong}>
        Apply
      </Button>
    </form>
  );
}
