import stringWidth from "string-width";

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
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => stringWidth(row[index] ?? ""))));
  const lines = cells.map((row) =>
    columns
      .map(({ align }, index) => pad(row[index] ?? "", widths[index] ?? 0, align))
      .join("  ")
      .trimEnd(),
  );
  if (total === undefined) return lines;
  const rule = "-".repeat(Math.max(...lines.map((line) => stringWidth(line))));
  return [...lines.slice(0, -1), rule, ...lines.slice(-1)];
}

/** Pads by the width on a terminal, where an East Asian character or an emoji takes two columns. */
export function pad(text: string, width: number, align: Column["align"] = "left"): string {
  const spaces = " ".repeat(Math.max(0, width - stringWidth(text)));
  return align === "left" ? text + spaces : spaces + text;
}

/** Shortens text to a width on a terminal, with an ellipsis in place of what is cut off. */
export function truncate(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let kept = "";
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (stringWidth(kept + segment) > width - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}
