import type { JSX } from "preact";
import { useStore } from "../data/store.ts";
import { Dialog } from "../ui/dialog.tsx";
import { isHelpOpen } from "./keyboard.ts";
import { pages } from "./routes.ts";

const sections = [
  {
    title: "Range and filters",
    keys: [
      ["/", "Add a filter"],
      ["1 … 7", "Select a preset range"],
      ["[ ]", "Earlier or later range"],
      ["c", "Compare with the previous period"],
      ["l", "Turn live refresh on or off"],
      ["x", "Export"],
    ],
  },
  {
    title: "On a page",
    keys: [
      ["t", "Show charts as tables"],
      ["j k", "Next or previous row"],
      ["Enter", "Open the row"],
      ["Space", "Pause live requests"],
      ["Esc", "Close"],
      ["?", "This help"],
    ],
  },
] as const;

export function HelpSheet(): JSX.Element | null {
  if (!useStore(isHelpOpen)) return null;
  return (
    <Dialog title="Keyboard shortcuts" width="wide" onClose={() => isHelpOpen.set(false)}>
      <div class="help-columns">
        <section>
          <h3>Go to</h3>
          <dl class="key-list">
            {pages.map(({ title, letter }) => (
              <Line key={letter} keys={`g ${letter}`} text={title} />
            ))}
          </dl>
        </section>
        {sections.map(({ title, keys }) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl class="key-list">
              {keys.map(([name, text]) => (
                <Line key={name} keys={name} text={text} />
              ))}
            </dl>
          </section>
        ))}
      </div>
      <p class="help-note">
        Drag over a chart to zoom; the browser's Back button undoes it. Click a series to show it alone, Alt-click to
        hide it. Click or right-click a chart for actions at that point. Shortcuts are off while you type.
      </p>
    </Dialog>
  );
}

function Line({ keys, text }: { readonly keys: string; readonly text: string }): JSX.Element {
  return (
    <div>
      <dt>{keys.split(" ").map((key) => (key === "…" ? " … " : <kbd key={key}>{key}</kbd>))}</dt>
      <dd>{text}</dd>
    </div>
  );
}
