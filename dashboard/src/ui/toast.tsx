import type { JSX } from "preact";
import { Store, useStore } from "../data/store.ts";
import { Icon } from "./icon.tsx";

interface Toast {
  readonly id: number;
  readonly kind: "done" | "failed";
  readonly text: string;
}

const SHOWN_MS = 5_000;
const toasts = new Store<readonly Toast[]>([]);

/** Shows a short message about an action. */
export function toast(text: string, kind: Toast["kind"] = "done"): void {
  const made = { id: performance.now(), kind, text };
  toasts.set([...toasts.value.slice(-2), made]);
  setTimeout(() => toasts.set(toasts.value.filter((other) => other !== made)), SHOWN_MS);
}

export function Toasts(): JSX.Element {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {useStore(toasts).map(({ id, kind, text }) => (
        <div key={id} class={`toast ${kind}`}>
          <Icon name={kind === "done" ? "check" : "errors"} />
          {text}
        </div>
      ))}
    </div>
  );
}

export async function copyText(text: string, what = "Copied"): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast(what);
  } catch {
    toast("The browser blocked copying. Select the text and copy it manually.", "failed");
  }
}
