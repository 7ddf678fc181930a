import type { JSX } from "preact";
import { Button } from "../ui/button.tsx";
import { copyText } from "../ui/toast.tsx";

/** Text with a copy button. */
export function Snippet({ text, label }: { readonly text: string; readonly label: string }): JSX.Element {
  return (
    <div class="snippet">
      <pre tabIndex={0} aria-label={label}>
        {text}
      </pre>
      <Button icon="copy" kind="quiet" size="small" label={`Copy: ${label}`} onClick={() => void copyText(text)} />
    </div>
  );
}
