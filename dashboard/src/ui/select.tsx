import type { JSX, TargetedEvent } from "preact";

interface Option<T extends string> {
  readonly value: T;
  readonly label: string;
}

interface SelectProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly Option<T>[];
  /** Shown before the value; otherwise the label is only for screen readers. */
  readonly prefix?: string;
  readonly onChange: (value: T) => void;
}

/** The platform's own select, which works on phones and with screen readers. */
export function Select<T extends string>({ label, value, options, prefix, onChange }: SelectProps<T>): JSX.Element {
  const change = (event: TargetedEvent<HTMLSelectElement>): void => {
    const chosen = options.find((option) => option.value === event.currentTarget.value);
    if (chosen) onChange(chosen.value);
  };
  return (
    <label class="select" title={label}>
      {prefix !== undefined && <span class="select-prefix">{prefix}</span>}
      <select aria-label={label} value={value} onChange={change}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </label>
  );
}

interface SegmentedProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly Option<T>[];
  readonly onChange: (value: T) => void;
}

/** A group of choices side by side, one of which is selected. */
export function Segmented<T extends string>({ label, value, options, onChange }: SegmentedProps<T>): JSX.Element {
  return (
    <div class="segmented" role="group" aria-label={label}>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          onClick={() => onChange(option.value)}
        >
          {option.label}
        </button>
      ))}
    </div>
  );
}
