import { useEffect } from "preact/hooks";
import { areTablesShown } from "../chart/chart-table.tsx";
import { go, currentUrlState, readScope, scopeParams, setParams, setRange, type Scope } from "../data/url-state.ts";
import { Store } from "../data/store.ts";
import { presets } from "../format/range.ts";
import { pageKeys } from "./page-keys.ts";
import { shift } from "./range-picker.tsx";
import { pages } from "./routes.ts";

export const isHelpOpen = new Store(false);

/** Time between `g` and the letter after it. */
const SEQUENCE_MS = 1_200;

/** Single-letter shortcuts are off in text fields and while a dialog is open. */
export function useKeyboard(): void {
  useEffect(() => {
    let leftAt = 0;
    const press = (event: KeyboardEvent): void => {
      if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return;
      // Reads the current state, so that fast key presses act on the page that the previous key opened.
      const { params } = currentUrlState();
      const isSecond = Date.now() - leftAt < SEQUENCE_MS;
      leftAt = !isSecond && event.key === "g" ? Date.now() : 0;
      const target = isSecond ? pages.find(({ letter }) => letter === event.key) : undefined;
      if (target) go(target.path, scopeParams(params));
      else if (isSecond || leftAt > 0 || !act(event.key, readScope(params))) return;
      event.preventDefault();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  if (document.querySelector("dialog[open]") !== null) return true;
  return (
    target instanceof HTMLElement && target.closest("input, select, textarea, .popover, [contenteditable]") !== null
  );
}

function act(key: string, scope: Scope): boolean {
  const preset = presets.find(({ digit }) => digit === key);
  if (preset) setRange(preset);
  else if (pageKeys.has(key)) pageKeys.get(key)?.();
  else {
    const action = actions(scope)[key];
    if (action === undefined) return false;
    action();
  }
  return true;
}

function actions(scope: Scope): Readonly<Record<string, () => void>> {
  return {
    "/": () => press("filter-button"),
    x: () => press("export-button"),
    "[": () => shift(scope, -1),
    "]": () => shift(scope, 1),
    c: () => setParams({ compare: scope.compare ? null : "previous" }),
    l: () => setParams({ refresh: scope.refresh === "live" ? null : "live" }),
    t: () => areTablesShown.set(!areTablesShown.value),
    j: () => moveRow(1),
    k: () => moveRow(-1),
    "?": () => isHelpOpen.set(true),
  };
}

function press(id: string): void {
  document.getElementById(id)?.click();
}

function moveRow(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  const at = rows.findIndex((row) => row === document.activeElement);
  rows[at === -1 ? 0 : Math.min(rows.length - 1, Math.max(0, at + step))]?.focus();
}
