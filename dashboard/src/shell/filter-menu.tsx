import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Dimension, DimensionValues, Filter } from "../../../src/admin/api/contract.ts";
import { filterFromSearch } from "../data/filters.ts";
import { scopeQuery } from "../data/use-usage.ts";
import { setFilters, type Scope } from "../data/url-state.ts";
import { useResource } from "../data/resource.ts";
import { dimensionLabel, filterDimensions, isDimension, valueLabel } from "../format/dimension.ts";
import { formatCount } from "../format/number.ts";
import { Button } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { Choice, Popover } from "../ui/popover.tsx";
import { Segmented } from "../ui/select.tsx";
import { SkeletonRows } from "../ui/state.tsx";

type Close = () => void;

/** Choose a dimension, then values, or type `model:gpt-5` or `status:>=400`. */
export function FilterMenu({ scope }: { readonly scope: Scope }): JSX.Element {
  return (
    <Popover label="Filter (/)" id="filter-button" icon="filter" text="Filter" class="filter-menu">
      {(close) => <FilterSteps scope={scope} close={close} />}
    </Popover>
  );
}

function FilterSteps({ scope, close }: { readonly scope: Scope; readonly close: Close }): JSX.Element {
  const [dimension, setDimension] = useState<Dimension | null>(null);
  const add = (filter: Filter): void => {
    const others = scope.filters.filter((old) => old.dimension !== filter.dimension || old.op !== filter.op);
    setFilters([...others, filter]);
    close();
  };
  if (dimension === null) return <DimensionStep onChoose={setDimension} onFilter={add} />;
  return <ValueStep scope={scope} dimension={dimension} onFilter={add} onBack={() => setDimension(null)} />;
}

interface DimensionStepProps {
  readonly onChoose: (dimension: Dimension) => void;
  readonly onFilter: (filter: Filter) => void;
}

/** The pressed button is removed with the previous step, so the focus is moved to keep it in the menu. */
function useFocused(): { readonly current: HTMLInputElement | null } {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  return input;
}

function DimensionStep({ onChoose, onFilter }: DimensionStepProps): JSX.Element {
  const input = useFocused();
  const [text, setText] = useState("");
  const typed = filterFromSearch(text);
  const found = filterDimensions.filter((name) =>
    dimensionLabel(name).toLowerCase().includes(text.trim().toLowerCase()),
  );
  const tag = /^tag:\S+$/.test(text.trim()) ? text.trim() : undefined;
  const submit = (event: Event): void => {
    event.preventDefault();
    const [first] = found;
    if (typed) onFilter(typed);
    else if (first) onChoose(first);
  };
  return (
    <form class="menu" onSubmit={submit}>
      <input
        ref={input}
        class="menu-search"
        aria-label="Filter by"
        placeholder="Search, or type model:gpt-5"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <div class="menu-list">
        {typed && <Choice onChoose={() => onFilter(typed)}>Filter: {text.trim()}</Choice>}
        {isDimension(tag) && <Choice onChoose={() => onChoose(tag)}>Tag {tag.slice(4)}</Choice>}
        {found.map((name) => (
          <Choice key={name} hint={<Icon name="right" size={12} />} onChoose={() => onChoose(name)}>
            {dimensionLabel(name)}
          </Choice>
        ))}
      </div>
      <p class="menu-note">
        You can also type <code>status:&gt;=400</code>, <code>owner:!anna</code>, <code>tag:team</code>
      </p>
    </form>
  );
}

interface ValueStepProps {
  readonly scope: Scope;
  readonly dimension: Dimension;
  readonly onFilter: (filter: Filter) => void;
  readonly onBack: () => void;
}

type Op = Filter["op"];
const plainOps = [
  { value: "is", label: "is" },
  { value: "is_not", label: "is not" },
] as const;
const numberOps = [...plainOps, { value: "gte", label: "≥" }, { value: "lte", label: "≤" }] as const;

function ValueStep({ scope, dimension, onFilter, onBack }: ValueStepProps): JSX.Element {
  const input = useFocused();
  const [op, setOp] = useState<Op>("is");
  const [search, setSearch] = useState("");
  const [values, setValues] = useState<readonly (string | null)[]>([]);
  const isOrder = op === "gte" || op === "lte";
  const typed = isOrder && search.trim() !== "" ? [search.trim()] : values;
  const toggle = (value: string | null): void => {
    setValues(values.includes(value) ? values.filter((other) => other !== value) : [...values, value]);
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    if (typed.length > 0) onFilter({ dimension, op, values: [...typed] });
  };
  return (
    <form class="menu" onSubmit={submit}>
      <div class="menu-head">
        <Button icon="left" kind="quiet" size="small" label="Back" onClick={onBack} />
        <strong>{dimensionLabel(dimension)}</strong>
        <Segmented
          label="Condition"
          value={op}
          options={dimension === "status" ? numberOps : plainOps}
          onChange={setOp}
        />
      </div>
      <input
        ref={input}
        class="menu-search"
        aria-label={isOrder ? "Value" : `Search ${dimensionLabel(dimension)}`}
        placeholder={isOrder ? "Value, such as 400" : "Search"}
        value={search}
        onInput={(event) => setSearch(event.currentTarget.value)}
      />
      {!isOrder && <Values scope={scope} dimension={dimension} search={search} chosen={values} onToggle={toggle} />}
      <div class="menu-foot">
        <Button kind="primary" size="small" type="submit" disabled={typed.length === 0}>
          Apply
        </Button>
      </div>
    </form>
  );
}

interface ValuesProps extends Pick<ValueStepProps, "scope" | "dimension"> {
  readonly search: string;
  readonly chosen: readonly (string | null)[];
  readonly onToggle: (value: string | null) => void;
}

/** The values in the range, most frequent first. */
function Values({ scope, dimension, search, chosen, onToggle }: ValuesProps): JSX.Element {
  const others = { ...scope, filters: scope.filters.filter((filter) => filter.dimension !== dimension) };
  const query = scopeQuery(others);
  query.set("limit", "50");
  if (search.trim() !== "") query.set("search", search.trim());
  const { data, error } = useResource<DimensionValues>(
    `/dimensions/${encodeURIComponent(dimension)}?${query.toString()}`,
  );
  if (error) return <p class="menu-note">{error.message}</p>;
  if (data === undefined) return <SkeletonRows rows={5} />;
  return (
    <div class="menu-list" role="group" aria-label={dimensionLabel(dimension)}>
      {data.values.map(({ value, requests }) => (
        <label class="choice" key={String(value)}>
          <input type="checkbox" checked={chosen.includes(value)} onChange={() => onToggle(value)} />
          <span class="choice-text">{valueLabel(dimension, value)}</span>
          <span class="choice-hint">{formatCount(requests)}</span>
        </label>
      ))}
      {data.values.length === 0 && <p class="menu-note">No values in this range</p>}
      {data.more && <p class="menu-note">Type to search for more</p>}
    </div>
  );
}
