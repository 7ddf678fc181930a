/** The candidate that is close enough to `word` for `word` to be a typing error; `undefined` if none is. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const wanted = fold(word);
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, fold(candidate));
    if (distance < bestDistance && distance <= tolerance(Math.min(wanted.length, fold(candidate).length))) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Case and word separators are the most frequent mistakes, so they do not count as a difference. */
function fold(word: string): string {
  return word.toLowerCase().replace(/[-_. ]/g, "");
}

function tolerance(length: number): number {
  if (length <= 3) return 0;
  return length <= 5 ? 1 : 2;
}

/** Optimal string alignment: insertions, deletions, replacements and swapped neighbors. */
function editDistance(from: string, to: string): number {
  if (Math.abs(from.length - to.length) > 3) return Infinity;
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const same = from[i - 1] === to[j - 1];
      const replaced = (previous[j - 1] ?? 0) + (same ? 0 : 1);
      let best = Math.min(replaced, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) {
        best = Math.min(best, (beforePrevious[j - 2] ?? 0) + 1);
      }
      current.push(best);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[to.length] ?? Infinity;
}
