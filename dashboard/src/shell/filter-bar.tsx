import type { JSX } from "preact";
import type { Filter } from "../../../src/admin/api/contract.ts";
import { setFilters, type Scope } from "../data/url-state.ts";
import { Button } from "../ui/button.tsx";
import { describeFilter } from "../ui/filter-label.ts";
import { Icon } from "../ui/icon.tsx";
import { FilterMenu } from "./filter-menu.tsx";

/** The active filters, each of which can be inverted or removed, and the menu that adds one. */
export function FilterBar({ scope }: { readonly scope: Scope }): JSX.Element {
  const { filters } = scope;
  const replace = (old: Filter, next: Filter | null): void => {
    setFilters(filters.flatMap((filter) => (filter === old ? (next ?? []) : filter)));
  };
  return (
    <div class="filter-bar" role="group" aria-label="Filters">
      <FilterMenu scope={scope} />
      {filters.map((filter) => {
        const words = describeFilter(filter);
        const isPlain = filter.op === "is" || filter.op === "is_not";
        const turned = { ...filter, op: filter.op === "is" ? "is_not" : "is" } as const;
        return (
          <span class="chip" key={words}>
            <button
              type="button"
              class="chip-text"
              disabled={!isPlain}
              title={isPlain ? "Switch between “is” and “is not”" : words}
              onClick={() => replace(filter, turned)}
            >
              {words}
            </button>
            <button
              type="button"
              class="chip-remove"
              aria-label={`Remove filter: ${words}`}
              onClick={() => replace(filter, null)}
            >
              <Icon name="close" size={12} />
            </button>
          </span>
        );
      })}
      {filters.length > 1 && (
        <Button kind="quiet" size="small" onClick={() => setFilters([])}>
          Clear all
        </Button>
      )}
    </div>
  );
}
