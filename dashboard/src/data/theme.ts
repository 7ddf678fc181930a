import { Store } from "./store.ts";

export type Theme = "auto" | "light" | "dark";

const KEY = "lmgate-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

/** The chosen theme; `auto` follows the system. */
export const theme = new Store<Theme>(stored());
/** Increments with every change of colors, so that canvases can redraw. */
export const colorsChanged = new Store(0);

function stored(): Theme {
  const text = localStorage.getItem(KEY);
  return text === "light" || text === "dark" ? text : "auto";
}

function applyTheme(): void {
  const choice = theme.value;
  document.documentElement.dataset["theme"] = choice === "auto" ? (dark.matches ? "dark" : "light") : choice;
  colorsChanged.set(colorsChanged.value + 1);
}

export function followTheme(): void {
  applyTheme();
  dark.addEventListener("change", applyTheme);
  theme.subscribe(() => {
    if (theme.value === "auto") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme.value);
    applyTheme();
  });
}

export function nextTheme(): void {
  const order: readonly Theme[] = ["auto", "light", "dark"];
  theme.set(order[(order.indexOf(theme.value) + 1) % order.length] ?? "auto");
}
