/** Minimizes a failing text: removes ever smaller parts as long as it still fails. */
export async function minimize(
  text: string,
  fails: (text: string) => Promise<boolean>,
  attempts: number,
): Promise<string> {
  let best = text;
  let left = attempts;
  for (let size = Math.ceil(text.length / 2); size >= 1 && left > 0; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.length && left > 0; left--) {
      const shorter = best.slice(0, at) + best.slice(at + size);
      if (await fails(shorter)) best = shorter;
      else at += size;
    }
  }
  return best;
}
