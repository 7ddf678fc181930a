const HOUR = 3_600_000;

/** One hour of the history, and what is particular about it. */
export interface HistoryHour {
  readonly from: number;
  readonly lengthMs: number;
  readonly calls: number;
  /** Share of the calls that people make; the rest is what runs by itself. */
  readonly people: number;
  /** The provider that mostly fails. */
  readonly outageOf: string | undefined;
  /** Somebody's costs are many times what they were. */
  readonly leap: boolean;
  /** Factor on the time to the first token. */
  readonly slowness: number;
}

interface Span {
  readonly count: number;
  readonly until: number;
  readonly days: number;
}

/** All hours, with exactly `count` calls in them. */
export function* historyHours({ count, until, days }: Span): Generator<HistoryHour> {
  const start = until - days * 24 * HOUR;
  const hours: { readonly from: number; readonly end: number; readonly weight: number }[] = [];
  for (let from = start; from < until; from = (Math.floor(from / HOUR) + 1) * HOUR) {
    const end = Math.min(until, (Math.floor(from / HOUR) + 1) * HOUR);
    const growth = 0.7 + (0.6 * (from - start)) / (until - start);
    hours.push({ from, end, weight: busyness(from) * growth * ((end - from) / HOUR) });
  }
  const total = hours.reduce((sum, { weight }) => sum + weight, 0);
  const outage = Math.floor(hours.length * 0.55);
  const leap = Math.floor(hours.length * 0.85);
  let weighed = 0;
  let given = 0;
  for (const [index, { from, end, weight }] of hours.entries()) {
    weighed += weight;
    // Rounded sums, so that the last hour ends at the count.
    const calls = Math.round((weighed / total) * count) - given;
    given += calls;
    const isOutage = index >= outage && index < outage + 3;
    yield {
      from,
      lengthMs: end - from,
      calls,
      people: peopleAt(from),
      outageOf: isOutage ? "anthropic" : undefined,
      leap: index >= leap && index < leap + 30,
      slowness: isOutage ? 4 : 1 + 0.35 * peopleAt(from),
    };
  }
}

/** How busy an hour is: days have a morning, a noon and an evening, weekends are quiet. */
function busyness(at: number): number {
  return 0.25 + peopleAt(at);
}

function peopleAt(at: number): number {
  const date = new Date(at);
  const weekend = date.getUTCDay() === 0 || date.getUTCDay() === 6;
  const hour = date.getUTCHours();
  const morning = Math.exp(-(((hour - 10) / 2.6) ** 2));
  const afternoon = Math.exp(-(((hour - 15) / 2.9) ** 2));
  return Math.min(1, morning + afternoon) * (weekend ? 0.12 : 1);
}
