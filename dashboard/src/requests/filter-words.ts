/** Parted by spaces; a value with spaces stands in quotes: `owner:"Anna B"`. */
export function wordsOf(text: string): string[] {
  return [...text.matchAll(/(?:[^\s"]|"[^"]*"?)+/g)].map(([word]) => word.replaceAll('"', ""));
}
