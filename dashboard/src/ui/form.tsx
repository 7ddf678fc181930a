import type { ComponentChildren, JSX } from "preact";
import type { ApiError } from "../data/api.ts";

interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly note?: ComponentChildren;
  readonly type?: "text" | "number" | "date" | "datetime-local" | "password";
  readonly placeholder?: string;
  readonly required?: boolean;
  readonly autofocus?: boolean;
}

/** A text field with a note below. */
export function Field({ label, value, onInput, note, type = "text", ...rest }: FieldProps): JSX.Element {
  // The type definitions have one type per kind of input and none for all of them.
  const kind: object = type === "number" ? { type, step: "any", min: "0" } : { type };
  return (
    <label class="field">
      <span>{label}</span>
      <input
        {...rest}
        {...kind}
        value={value}
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      {note !== undefined && <span class="field-note">{note}</span>}
    </label>
  );
}

/** The reason why a change failed. */
export function Problem({ error }: { readonly error: ApiError | null }): JSX.Element | null {
  if (error === null) return null;
  return (
    <div class="field-problem" role="alert">
      {error.message}
      {error.problem?.errors?.map(({ where, message }) => (
        <div key={where + message}>
          <code>{where}</code>: {message}
        </div>
      ))}
    </div>
  );
}
