/** Median and range of the rounds of one figure. */
export interface Summary {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export function summaryOf(figures: readonly number[]): Summary | undefined {
  if (figures.length === 0) return undefined;
  return { median: median(figures), low: Math.min(...figures), high: Math.max(...figures) };
}

export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? NaN)) / 2;
}

/** The percentile by nearest rank. */
export function percentile(figures: readonly number[], percent: number): number {
  const sorted = figures.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? NaN;
}
