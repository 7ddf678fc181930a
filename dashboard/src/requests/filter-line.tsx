import type { JSX } from "preact";
import { useCallback, useRef, useState } from "preact/hooks";
import { filterFromSearch } from "../data/filters.ts";
import { addFilters } from "../data/url-state.ts";
import { usePageKey } from "../shell/page-keys.ts";
import { splitTerms } from "./search-terms.ts";
import { Icon } from "../ui/icon.tsx";

/** Filters as typed text, `model:gpt-5 status:>=400 owner:!anna`; they become chips. */
export function FilterLine(): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  usePageKey(
    "/",
    useCallback(() => input.current?.focus(), []),
  );
  const apply = (event: Event): void => {
    event.preventDefault();
    const words = splitTerms(text);
    const bad = words.find((word) => filterFromSearch(word) === undefined);
    if (bad !== undefined) {
      setWrong(bad);
      return;
    }
    addFilters(words.flatMap((word) => filterFromSearch(word) ?? []));
    setText("");
  };
  return (
    <form class="filter-line" onSubmit={apply} role="search">
      <Icon name="search" />
      <input
        ref={input}
        aria-label="Filter requests"
        aria-invalid={wrong !== null}
        aria-describedby={wrong === null ? undefined : "filter-problem"}
        placeholder="model:gpt-5  status:>=400  owner:!anna"
        value={text}
        spellcheck={false}
        autocapitalize="off"
        onInput={(event) => {
          setText(event.currentTarget.value);
          setWrong(null);
        }}
        onKeyDown={(event) => event.key === "Escape" && input.current?.blur()}
      />
      {wrong !== null && (
        <span class="filter-problem" id="filter-problem" role="alert">
          <code>{wrong}</code> is not a valid filter. Use name:value, such as model:gpt-5.
        </span>
      )}
    </form>
  );
}
