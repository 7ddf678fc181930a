// Converts between moments and wall-clock times of a named zone; the platform offers only one direction.

/** Returns the zone's offset from UTC at a moment, in milliseconds. */
function offsetAt(moment: number, tz: string): number {
  return Date.parse(`${wallClock(moment, tz)}Z`) - Math.floor(moment / 1000) * 1000;
}

/** `2026-11-23T14:05:00` in the zone's wall-clock time. */
function wallClock(moment: number, tz: string): string {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone: tz,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  }).formatToParts(moment);
  const part = (type: string): string => parts.find((found) => found.type === type)?.value ?? "00";
  return `${part("year")}-${part("month")}-${part("day")}T${part("hour")}:${part("minute")}:${part("second")}`;
}

/** Formats a moment for an `<input type="datetime-local">`. */
export function toLocalInput(moment: number, tz: string): string {
  return wallClock(moment, tz).slice(0, 16);
}

/** Returns the moment of a wall-clock time; around a clock change the earlier offset is used. */
export function fromLocalInput(text: string, tz: string): number {
  const asUtc = Date.parse(`${text}${text.length === 16 ? ":00" : ""}Z`);
  const first = asUtc - offsetAt(asUtc, tz);
  return asUtc - offsetAt(first, tz);
}

/** Returns the whole month before the one that contains `now`. */
export function lastMonth(now: number, tz: string): { readonly from: string; readonly to: string } {
  const [year = 0, month = 1] = wallClock(now, tz).split("-").map(Number);
  const text = (y: number, m: number): string => `${y}-${String(m).padStart(2, "0")}-01T00:00`;
  const from = month === 1 ? text(year - 1, 12) : text(year, month - 1);
  return {
    from: new Date(fromLocalInput(from, tz)).toISOString(),
    to: new Date(fromLocalInput(text(year, month), tz)).toISOString(),
  };
}
