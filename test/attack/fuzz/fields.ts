/** Header fields as llhttp reports them, and which of them are for one hop only (RFC 9110 §7.6.1). */
export type Pair = readonly [name: string, value: string];

/** Makes pairs of alternating names and values. */
export function pairs(fields: readonly string[]): readonly Pair[] {
  return Array.from({ length: fields.length / 2 }, (_, at): Pair => [fields[2 * at] ?? "", fields[2 * at + 1] ?? ""]);
}

export function namedByConnection(fields: readonly Pair[]): ReadonlySet<string> {
  const values = fields.filter(([name]) => name.toLowerCase() === "connection").map(([, value]) => value);
  return new Set(values.flatMap((value) => value.split(",")).map((name) => name.trim().toLowerCase()));
}

export function isForOneHop(name: string): boolean {
  return name === "connection" || name === "keep-alive" || name === "te" || name.startsWith("proxy-");
}
