/** A Markdown table, aligned as oxfmt does; the first `left` columns are aligned left, the others right. */
export function markdownTable(rows: readonly (readonly string[])[], left = 1): string {
  const [head = [], ...body] = rows;
  const widths = head.map((_, column) => Math.max(3, ...rows.map((cells) => (cells[column] ?? "").length)));
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const padded = (cells: readonly string[]): string =>
    line(
      widths.map((width, column) => {
        const text = cells[column] ?? "";
        return column < left ? text.padEnd(width) : text.padStart(width);
      }),
    );
  const rule = line(widths.map((width, column) => (column < left ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)));
  return [padded(head), rule, ...body.map(padded)].join("\n");
}
