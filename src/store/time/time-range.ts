import { DAY, HOUR, instantOf, MINUTE, type TimeZone } from "./time-zone.ts";

/** The time range of a query, in milliseconds: `from` inclusive, `to` exclusive. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
  /** Maps a time of the range to the corresponding time of the previous period. */
  readonly earlier: (instant: number) => number;
}

/** Examples of times, for messages. */
export const MOMENT_FORMS = "2026-11-23, 2026-11-23T10:00:00Z, -15m, -24h, -7d, -4w, -3mo, today, month, now";

const RELATIVE = /^-(\d{1,6})(m|h|d|w|mo)$/;
const LENGTH = { m: MINUTE, h: HOUR, d: DAY, w: 7 * DAY } as const;
const LOCAL = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)?$/;
const ABSOLUTE = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/i;

// No request can be outside of these times, in which DuckDB's and JavaScript's calendars agree.
const EARLIEST = Date.UTC(1970, 0, 1);
const LATEST = Date.UTC(2200, 0, 1);

/** Parses a time. A date or time without an offset is in the zone. `undefined` if the text is not a time. */
export function momentOf(text: string, zone: TimeZone, now: number): number | undefined {
  const moment = anyMoment(text, zone, now);
  if (moment === undefined || Number.isNaN(moment)) return undefined;
  return moment >= EARLIEST && moment <= LATEST ? moment : undefined;
}

function anyMoment(text: string, zone: TimeZone, now: number): number | undefined {
  if (text === "now") return now;
  if (text === "today") return localStart(zone, now, "day");
  if (text === "month") return localStart(zone, now, "month");
  const [, count, unit] = RELATIVE.exec(text) ?? [];
  if (unit === "mo") return monthsEarlier(zone, now, Number(count));
  if (unit !== undefined) return now - Number(count) * LENGTH[unit as keyof typeof LENGTH]; // as: the pattern allows no other.
  if (ABSOLUTE.test(text)) return isRealDate(text) ? Date.parse(text) : undefined;
  return LOCAL.test(text) && isRealDate(text) ? instantOf(zone, Date.parse(withTime(text))) : undefined;
}

/** `Date.parse` accepts the 31st of February as a day of March. */
function isRealDate(text: string): boolean {
  const date = text.slice(0, 10);
  const day = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(day) && new Date(day).toISOString().startsWith(date);
}

function withTime(text: string): string {
  return text.includes("T") ? `${text}Z` : `${text}T00:00Z`;
}

/** The range between two parsed times, with the previous period to compare it with. */
export function timeRange(
  texts: { readonly from: string; readonly to: string },
  zone: TimeZone,
  now: number,
): TimeRange {
  const from = momentOf(texts.from, zone, now) ?? Number.NaN;
  const to = momentOf(texts.to, zone, now) ?? Number.NaN;
  return { from, to, earlier: earlier(texts.from, { from, to }, zone) };
}

/**
 * The previous period follows the calendar: a month is compared with the month before, a number of days with as many
 * days before, today so far with yesterday up to the same time. Any other range is compared with the same length before
 * it.
 */
function earlier(
  text: string,
  { from, to }: { readonly from: number; readonly to: number },
  zone: TimeZone,
): (instant: number) => number {
  if (text === "month") return (instant) => Math.min(monthsEarlier(zone, instant, 1), from);
  if (text === "today") return (instant) => daysEarlier(zone, instant, 1);
  const months = wholeMonths(zone, from, to);
  if (months > 0) return (instant) => Math.min(monthsEarlier(zone, instant, months), from);
  const days = wholeDays(zone, from, to);
  if (days > 0) return (instant) => daysEarlier(zone, instant, days);
  return (instant) => instant - (to - from);
}

function localStart(zone: TimeZone, instant: number, unit: "day" | "month"): number {
  const local = new Date(instant + zone.offsetAt(instant));
  const day = unit === "day" ? local.getUTCDate() : 1;
  return instantOf(zone, Date.UTC(local.getUTCFullYear(), local.getUTCMonth(), day));
}

function wholeMonths(zone: TimeZone, from: number, to: number): number {
  if (localStart(zone, from, "month") !== from || localStart(zone, to, "month") !== to) return 0;
  const [first, last] = [from, to].map((instant) => new Date(instant + zone.offsetAt(instant)));
  if (first === undefined || last === undefined) return 0;
  return (last.getUTCFullYear() - first.getUTCFullYear()) * 12 + last.getUTCMonth() - first.getUTCMonth();
}

function wholeDays(zone: TimeZone, from: number, to: number): number {
  if (localStart(zone, from, "day") !== from || localStart(zone, to, "day") !== to) return 0;
  return Math.round((to + zone.offsetAt(to) - from - zone.offsetAt(from)) / DAY);
}

function daysEarlier(zone: TimeZone, instant: number, days: number): number {
  return instantOf(zone, instant + zone.offsetAt(instant) - days * DAY);
}

/** The same day and time that many months ago, or the end of that month if it has no such day. */
function monthsEarlier(zone: TimeZone, instant: number, months: number): number {
  const local = new Date(instant + zone.offsetAt(instant));
  const first = Date.UTC(local.getUTCFullYear(), local.getUTCMonth() - months, 1);
  const next = Date.UTC(local.getUTCFullYear(), local.getUTCMonth() - months + 1, 1);
  const into = local.getTime() - Date.UTC(local.getUTCFullYear(), local.getUTCMonth(), 1);
  return instantOf(zone, Math.min(first + into, next));
}
