import type { JSX } from "preact";

// Icons on a 16-pixel grid with a stroke of 1.5, in the color of the text beside them.
const paths = {
  overview: "M2.5 2.5h4.5v6H2.5zM9 2.5h4.5v3H9zM9 7.5h4.5v6H9zM2.5 10.5H7v3H2.5z",
  explore: "M2.5 13.5h11M4.5 11V7.5M8 11V3M11.5 11V5.5",
  requests: "M2.5 4h11M2.5 8h11M2.5 12h7",
  latency: "M8 2.5a5.5 5.5 0 1 1-4 1.7M8 8 4.5 4.5M8 8h0",
  errors: "M8 2.2 14.2 13H1.8zM8 6.5v3M8 11.4v.1",
  keys: "M5.2 10.8a2.7 2.7 0 1 0 0-5.4 2.7 2.7 0 0 0 0 5.4ZM7.9 8.1h6M12 8.1v2.4M14 8.1v1.6",
  prices: "M8.7 2.5H13a.5.5 0 0 1 .5.5v4.3L7.8 13a.9.9 0 0 1-1.2 0L3 9.4a.9.9 0 0 1 0-1.2zM11 5v.1",
  setup: "m5 5.5-2.5 2.5L5 10.5M11 5.5l2.5 2.5L11 10.5M9 3.5l-2 9",
  system: "M2.5 3.5h11v4h-11zM2.5 8.5h11v4h-11zM5 5.5v.1M5 10.5v.1",
  filter: "M2.5 4h11M4.5 8h7M6.5 12h3",
  calendar: "M3 4h10v9.5H3zM3 7h10M5.5 2.5V5M10.5 2.5V5",
  refresh: "M13 8a5 5 0 1 1-1.5-3.6L13 6M13 2.7V6H9.7",
  compare: "M2.5 11.5 6 7l2.5 2.5 5-6M2.5 14h11",
  download: "M8 2.5v7.5M5 7l3 3 3-3M3 13.5h10",
  share: "M6.5 9.5 13 3M9 3h4v4M11.5 9v4.5h-9v-9H7",
  sun: "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6ZM8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M3.4 12.6l.7-.7M11.9 4.1l.7-.7",
  moon: "M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8a5.6 5.6 0 1 0 6.8 6.8Z",
  auto: "M8 2.5a5.5 5.5 0 1 0 0 11zM8 2.5a5.5 5.5 0 0 1 0 11M8 5h2.8M8 8h5.4M8 11h2.8",
  help: "M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2ZM6.3 6.3a1.8 1.8 0 1 1 2.4 1.7c-.5.2-.7.5-.7 1.1M8 11v.1",
  close: "m4 4 8 8M12 4l-8 8",
  check: "m3 8.5 3.2 3.2L13 5",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  chevron: "m4.5 6.5 3.5 3.5 3.5-3.5",
  left: "m9.5 4.5-3.5 3.5 3.5 3.5",
  right: "m6.5 4.5 3.5 3.5-3.5 3.5",
  up: "M8 13V3.5M4 7l4-4 4 4",
  down: "M8 3v9.5M4 9l4 4 4-4",
  copy: "M5.5 5.5h8v8h-8zM3 10.5h-.5v-8h8V3",
  search: "M7 2.8a4.2 4.2 0 1 0 0 8.4 4.2 4.2 0 0 0 0-8.4ZM10.2 10.2l3.3 3.3",
  table: "M2.5 3.5h11v9h-11zM2.5 6.5h11M6.5 6.5v6",
  bars: "M3.5 13V9M6.5 13V5M9.5 13V7M12.5 13V3.5",
  area: "M2.5 12.5v-4l3.5-3 3 2.5 4.5-5v9.5z",
  line: "m2.5 11 3.5-4.5 3 2.5 4.5-5.5",
  heat: "M2.5 2.5h4v4h-4zM9.5 2.5h4v4h-4zM2.5 9.5h4v4h-4zM9.5 9.5h4v4h-4z",
  more: "M3.5 8v.1M8 8v.1M12.5 8v.1",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  play: "M5 3.2v9.6L12.5 8z",
  info: "M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2ZM8 7.5v3.3M8 5.2v.1",
  signout: "M6.5 13.5h-4v-11h4M6 8h7.5M10.5 5l3 3-3 3",
  external: "M9.5 2.5h4v4M13.5 2.5 8 8M11.5 9.5v4h-9v-9h4",
  lock: "M3.5 7.5h9v6h-9zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5",
  rotate: "M3 8a5 5 0 0 1 8.6-3.5L13 6M13 2.7V6H9.7M13 8a5 5 0 0 1-8.6 3.5L3 10M3 13.3V10h3.3",
  trash: "M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.6 9h5.8l.6-9",
  edit: "M3 13l.6-2.8 7-7a1.3 1.3 0 0 1 2.2 2.2l-7 7z",
  star: "m8 2.3 1.7 3.6 4 .5-2.9 2.7.8 3.9L8 11.1 4.4 13l.8-3.9-2.9-2.7 4-.5z",
} as const;

export type IconName = keyof typeof paths;

/** A decorative icon: the text beside it or the label of its parent carries the meaning. */
export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }): JSX.Element {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
