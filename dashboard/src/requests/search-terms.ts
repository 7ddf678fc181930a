/** Splits text at spaces; a value with spaces is in quotes: `owner:"Anna B"`. */
export function splitTerms(text: string): string[] {
  return [...text.matchAll(/(?:[^\s"]|"[^"]*"?)+/g)].map(([word]) => word.replaceAll('"', ""));
}
