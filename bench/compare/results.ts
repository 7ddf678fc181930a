/** For each figure and proxy: one number per round, or the reason why there is none. */
export interface Results {
  readonly figures: Record<string, Record<string, number[]>>;
  readonly absent: Record<string, Record<string, string>>;
}

export function emptyResults(): Results {
  return { figures: {}, absent: {} };
}

export function addFigure(results: Results, figure: string, proxy: string, value: number): void {
  const byProxy = (results.figures[figure] ??= {});
  (byProxy[proxy] ??= []).push(value);
}

export function addAbsence(results: Results, figure: string, proxy: string, reason: string): void {
  const byProxy = (results.absent[figure] ??= {});
  byProxy[proxy] ??= reason;
}
