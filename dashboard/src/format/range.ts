export interface Range {
  readonly from: string;
  readonly to: string;
}

export interface RangePreset extends Range {
  readonly label: string;
  /** Its keyboard shortcut. */
  readonly digit: string;
}

export const presets: readonly RangePreset[] = [
  { label: "Last 15 minutes", from: "-15m", to: "now", digit: "1" },
  { label: "Last hour", from: "-1h", to: "now", digit: "2" },
  { label: "Last 6 hours", from: "-6h", to: "now", digit: "3" },
  { label: "Last 24 hours", from: "-24h", to: "now", digit: "4" },
  { label: "Last 7 days", from: "-7d", to: "now", digit: "5" },
  { label: "Last 30 days", from: "-30d", to: "now", digit: "6" },
  { label: "Month to date", from: "month", to: "now", digit: "7" },
];

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** True if the range ends now, so that it keeps growing. */
export function isGrowing(range: Range): boolean {
  return range.to === "now";
}

/** Resolves a moment closely enough to draw and shift ranges; the server's own resolution counts. */
export function resolveMoment(text: string, now: number): number {
  const relative = /^-(?<count>\d+)(?<unit>[mhdw])$/.exec(text)?.groups;
  if (relative) return now - Number(relative["count"]) * (units[relative["unit"] ?? "h"] ?? 0);
  if (text === "now") return now;
  if (text === "today") return new Date(now).setHours(0, 0, 0, 0);
  if (text === "month") return new Date(new Date(now).setHours(0, 0, 0, 0)).setDate(1);
  const parsed = Date.parse(text);
  return Number.isNaN(parsed) ? now : parsed;
}

/** Returns the range before or after, of the same length, in absolute times. It never ends after now. */
export function shiftRange(range: Range, direction: -1 | 1, now: number): Range {
  const from = resolveMoment(range.from, now);
  const to = resolveMoment(range.to, now);
  const length = to - from;
  const end = Math.min(now, to + direction * length);
  return { from: new Date(end - length).toISOString(), to: new Date(end).toISOString() };
}

export function isMomentText(text: string): boolean {
  return /^(-\d+[mhdw]|now|today|month)$/.test(text) || !Number.isNaN(Date.parse(text));
}
