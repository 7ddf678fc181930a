/** A column: its heading and on which side its cells align. */
export interface Column {
  readonly heading: string;
  readonly align: "left" | "right";
}

/**
 * Lines of aligned columns, two spaces apart, without trailing spaces; the headings are the first line. A row of totals
 * comes last, below a rule.
 */
export function textTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  total?: readonly string[],
): readonly string[] {
  const cells = [columns.map(({ heading }) => heading), ...rows, ...(total === undefined ? [] : [total])];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => (row[index] ?? "").length)));
  const lines = cells.map((row) =>
    columns
      .map(({ align }, index) => pad(row[index] ?? "", widths[index] ?? 0, align))
      .join("  ")
      .trimEnd(),
  );
  if (total === undefined) return lines;
  const rule = "-".repeat(Math.max(...lines.map((line) => line.length)));
  return [...lines.slice(0, -1), rule, ...lines.slice(-1)];
}

function pad(text: string, width: number, align: Column["align"]): string {
  return align === "left" ? text.padEnd(width) : text.padStart(width);
}
