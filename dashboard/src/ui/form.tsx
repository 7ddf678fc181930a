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

/** One line to fill in, with what it is for below. */
export function Field({ label, value, onInput, note, type = "text", ...rest }: FieldProps): JSX.Element {
  // The types know each kind of input apart, and not one that is any of them.
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

/** Why a change could not be made. */
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
