/** A zone's offsets from UTC, in milliseconds east of it, from the runtime's time zone data. */
export interface TimeZone {
  /** As the time zone data spells it. */
  readonly name: string;
  offsetAt(instant: number): number;
}

/** A stretch of time in which a zone keeps its offset. */
export interface Stretch {
  readonly from: number;
  /** Where the next begins. */
  readonly to: number;
  readonly offset: number;
}

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** `undefined` for an unknown name. */
export function timeZone(name: string): TimeZone | undefined {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      calendar: "gregory",
      numberingSystem: "latn",
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
  } catch {
    // The runtime throws this for an unknown zone.
    return undefined;
  }
  const canonical = format.resolvedOptions().timeZone;
  return {
    // The runtime knows Asia/Kolkata by its old name only; a caller that gave the new name gets the new name back.
    name: canonical.toLowerCase() === name.toLowerCase() ? canonical : name,
    offsetAt: (instant) => {
      const second = Math.floor(instant / 1000) * 1000;
      return wallClock(format.format(second)) - second;
    },
  };
}

/** `11/23/2026, 19:05:00` as if it were UTC. */
function wallClock(text: string): number {
  const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = text.split(/[/, :]+/).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/**
 * The stretches of constant offset between two times, in order and without gaps; none if the times are equal or
 * reversed.
 */
export function stretches(zone: TimeZone, from: number, to: number): readonly Stretch[] {
  const found: Stretch[] = [];
  let start = from;
  let offset = zone.offsetAt(from);
  // No zone changes its offset twice within a day.
  for (let at = from; at < to;) {
    const next = Math.min(at + DAY, to);
    const then = zone.offsetAt(next);
    if (then !== offset) {
      const change = changeBetween(zone, at, next);
      found.push({ from: start, to: change, offset });
      start = change;
      offset = then;
    }
    at = next;
  }
  if (start < to) found.push({ from: start, to, offset });
  return found;
}

/**
 * The first time at which a clock of the zone shows this local time or a later one; `local` is given as if it were UTC.
 */
export function instantOf(zone: TimeZone, local: number): number {
  const before = zone.offsetAt(local - DAY);
  const after = zone.offsetAt(local + DAY);
  const early = Math.min(local - before, local - after);
  if (zone.offsetAt(early) === local - early) return early;
  const late = Math.max(local - before, local - after);
  if (zone.offsetAt(late) === local - late) return late;
  // The clock is set forward over this time.
  return changeBetween(zone, early - 1, late);
}

/** The first second with the new offset, if the offsets at both ends differ. */
function changeBetween(zone: TimeZone, from: number, to: number): number {
  const old = zone.offsetAt(from);
  let low = Math.floor(from / 1000);
  let high = Math.ceil(to / 1000);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (zone.offsetAt(middle * 1000) === old) low = middle;
    else high = middle;
  }
  return high * 1000;
}

/** RFC 3339 with the offset of the zone, to the second, or to the millisecond if there is a fraction. */
export function withOffset(zone: TimeZone, instant: number): string {
  const offset = zone.offsetAt(instant);
  const local = new Date(instant + offset).toISOString();
  const clock = instant % 1000 === 0 ? local.slice(0, 19) : local.slice(0, 23);
  if (offset === 0) return `${clock}Z`;
  const minutes = Math.round(Math.abs(offset) / MINUTE);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${clock}${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
