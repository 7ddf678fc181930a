import type { QueryResponse } from "../../../src/admin/api/contract.ts";

type Bucket = QueryResponse["query"]["bucket"];

const formatters = (() => {
  const made = new Map<string, Intl.DateTimeFormat>();
  return (tz: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat => {
    const name = `${tz} ${JSON.stringify(options)}`;
    const found = made.get(name) ?? new Intl.DateTimeFormat("en-GB", { timeZone: tz, ...options });
    made.set(name, found);
    return found;
  };
})();

const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
const date = { day: "numeric", month: "short" } as const;

export const browserZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

export function isZone(tz: string): boolean {
  try {
    formatters(tz, clock).format(0);
    return true;
  } catch {
    return false;
  }
}

/** "Mon 23 Nov 14:05" */
export function formatMoment(moment: string | number | Date, tz: string): string {
  return formatters(tz, { weekday: "short", ...date, ...clock })
    .format(new Date(moment))
    .replace(",", "");
}

/** With year and seconds, for a single request. */
export function formatMomentExactly(moment: string | number | Date, tz: string): string {
  return formatters(tz, { ...date, year: "numeric", ...clock, second: "2-digit" })
    .format(new Date(moment))
    .replace(",", "");
}

export function formatClock(moment: string | number | Date, tz: string): string {
  return formatters(tz, { ...clock, second: "2-digit" }).format(new Date(moment));
}

export function formatDay(moment: string | number | Date, tz: string): string {
  return formatters(tz, { weekday: "short", ...date, year: "numeric" })
    .format(new Date(moment))
    .replace(",", "");
}

/** Names a bucket by its start, as precisely as its size needs. */
export function formatBucket(start: string, bucket: Bucket, tz: string): string {
  if (bucket === "1mo") return formatters(tz, { month: "long", year: "numeric" }).format(new Date(start));
  if (bucket === "1d") return formatDay(start, tz);
  if (bucket === "1w") return `Week of ${formatters(tz, { ...date, year: "numeric" }).format(new Date(start))}`;
  return formatMoment(start, tz);
}

/** "3 min ago"; a day or more is a date. */
export function formatAgo(moment: string | null | undefined, now: number): string {
  if (!moment) return "never";
  const seconds = Math.max(0, (now - Date.parse(moment)) / 1000);
  if (seconds < 5) return "now";
  if (seconds < 60) return `${Math.round(seconds)} s ago`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} d ago`;
}

/** "in 23 h": the time that is left. */
export function formatUntil(moment: string, now: number): string {
  const hours = Math.max(0, Date.parse(moment) - now) / 3_600_000;
  if (hours < 1) return `in ${Math.round(hours * 60)} min`;
  return hours < 48 ? `in ${Math.round(hours)} h` : `in ${Math.round(hours / 24)} d`;
}

/** "UTC+1" at a moment, because the offset changes with daylight saving time. */
export function zoneOffset(tz: string, at: number): string {
  const parts = formatters(tz, { timeZoneName: "shortOffset" }).formatToParts(at);
  return (parts.find((part) => part.type === "timeZoneName")?.value ?? "UTC").replace("GMT", "UTC");
}
