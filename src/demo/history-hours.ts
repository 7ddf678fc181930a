const HOUR = 3_600_000;

/** One hour of the history, and its irregularities. */
export interface HistoryHour {
  readonly from: number;
  readonly lengthMs: number;
  readonly requests: number;
  /** Share of the requests that people make; the rest comes from scheduled programs. */
  readonly people: number;
  /** The provider that mostly fails in this hour. */
  readonly outageOf: string | undefined;
  /** One owner's costs rise to many times their usual level. */
  readonly costSpike: boolean;
  /** Factor on the time to the first token. */
  readonly latencyFactor: number;
}

interface Span {
  readonly count: number;
  readonly until: number;
  readonly days: number;
}

/** Yields all hours; their requests add up to exactly `count`. */
export function* historyHours({ count, until, days }: Span): Generator<HistoryHour> {
  const start = until - days * 24 * HOUR;
  const hours: { readonly from: number; readonly end: number; readonly weight: number }[] = [];
  for (let from = start; from < until; from = (Math.floor(from / HOUR) + 1) * HOUR) {
    const end = Math.min(until, (Math.floor(from / HOUR) + 1) * HOUR);
    const growth = 0.7 + (0.6 * (from - start)) / (until - start);
    hours.push({ from, end, weight: activityAt(from) * growth * ((end - from) / HOUR) });
  }
  const total = hours.reduce((sum, { weight }) => sum + weight, 0);
  const outage = Math.floor(hours.length * 0.55);
  const costSpike = Math.floor(hours.length * 0.85);
  let weightSoFar = 0;
  let requestsSoFar = 0;
  for (const [index, { from, end, weight }] of hours.entries()) {
    weightSoFar += weight;
    // Rounding the running sum, not each hour, makes the last hour end at `count`.
    const requests = Math.round((weightSoFar / total) * count) - requestsSoFar;
    requestsSoFar += requests;
    const isOutage = index >= outage && index < outage + 3;
    yield {
      from,
      lengthMs: end - from,
      requests,
      people: peopleAt(from),
      outageOf: isOutage ? "anthropic" : undefined,
      costSpike: index >= costSpike && index < costSpike + 30,
      latencyFactor: isOutage ? 4 : 1 + 0.35 * peopleAt(from),
    };
  }
}

/** Relative traffic of an hour: peaks in the morning and in the afternoon, little at night and at weekends. */
function activityAt(at: number): number {
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
