const FORM = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2}(?:\.\d{1,9})?))?(Z|[+-]\d{2}:\d{2})?)?$/i;

/**
 * An `expires_at` cell as milliseconds since the epoch; `undefined` if it is neither an ISO 8601 date nor a time.
 * A date includes the whole day. Dates, and times without an offset, are in UTC.
 */
export function parseExpiry(text: string): number | undefined {
  const parts = FORM.exec(text);
  if (parts === null) return undefined;
  const [, year = "", month = "", day = "", hour, minute = "00", second = "00", offset = "Z"] = parts;
  // Date.parse accepts 30 February and turns it into a day of March, so the day is checked separately.
  const midnight = new Date(`${year}-${month}-${day}T00:00:00Z`);
  if (Number.isNaN(midnight.getTime()) || midnight.getUTCDate() !== Number(day)) return undefined;
  if (hour === undefined) return midnight.getTime() + 24 * 60 * 60 * 1000;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}${offset.toUpperCase()}`);
  return Number.isNaN(time) ? undefined : time;
}
