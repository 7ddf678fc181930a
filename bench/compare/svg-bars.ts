/** Draws horizontal bars with their range as an SVG for light and dark pages. */

export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** Marks the bars of LMGate. */
  readonly isOurs: boolean;
  readonly text: string;
}

export interface BarGroup {
  readonly title: string;
  readonly bars: readonly Bar[];
}

const WIDTH = 760;
const LABEL_WIDTH = 190;
const VALUE_WIDTH = 90;
const ROW = 22;
const BAR = 14;
const TITLE = 34;
/** Longer bars are cut at this multiple of LMGate's, so that the short ones remain distinguishable. */
const MAX_SCALE_FACTOR = 6;

const STYLE = `
    text { font: 13px system-ui, sans-serif; fill: #24292f; }
    .title { font-weight: 600; }
    .value { font-variant-numeric: tabular-nums; }
    .bar { fill: #8c959f; }
    .ours { fill: #0969da; }
    .spread { stroke: #24292f; stroke-width: 1.5; }
    .cut { stroke: #ffffff; stroke-width: 3; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .bar { fill: #6e7681; }
      .ours { fill: #4493f8; }
      .spread { stroke: #e6edf3; }
      .cut { stroke: #0d1117; }
    }`;

export function svgOfBars(description: string, groups: readonly BarGroup[]): string {
  let y = 0;
  const parts = groups.flatMap(({ title, bars }) => {
    const lines = [`<text class="title" x="0" y="${y + 22}">${escaped(title)}</text>`];
    y += TITLE;
    const limit = scaleEnd(bars);
    for (const bar of bars) {
      lines.push(...rowOf(bar, y, limit));
      y += ROW;
    }
    y += ROW / 2;
    return lines;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img">
  <title>${escaped(description)}</title>
  <style>${STYLE}
  </style>
  ${parts.join("\n  ")}
</svg>
`;
}

/** The end of the scale: the longest bar, or the length at which bars are cut. */
function scaleEnd(bars: readonly Bar[]): number {
  const longest = Math.max(...bars.map(({ high }) => high));
  const ours = bars.find(({ isOurs }) => isOurs)?.high ?? longest;
  return Math.min(longest, ours * MAX_SCALE_FACTOR);
}

function rowOf({ label, value, low, high, isOurs, text }: Bar, top: number, limit: number): readonly string[] {
  const at = (figure: number): number =>
    LABEL_WIDTH + (Math.max(0, Math.min(figure, limit)) / limit) * (WIDTH - LABEL_WIDTH - VALUE_WIDTH);
  const x = (figure: number): string => at(figure).toFixed(1);
  const middle = top + ROW / 2;
  const isCut = value > limit;
  const end = at(Math.max(value, high));
  return [
    `<text x="${LABEL_WIDTH - 8}" y="${middle + 4.5}" text-anchor="end">${escaped(label)}</text>`,
    `<rect class="${isOurs ? "ours" : "bar"}" x="${LABEL_WIDTH}" y="${middle - BAR / 2}" width="${(at(value) - LABEL_WIDTH).toFixed(1)}" height="${BAR}" rx="2"/>`,
    isCut
      ? `<line class="cut" x1="${(end - 14).toFixed(1)}" y1="${middle + 9}" x2="${(end - 6).toFixed(1)}" y2="${middle - 9}"/>`
      : `<line class="spread" x1="${x(low)}" y1="${middle}" x2="${x(high)}" y2="${middle}"/>`,
    `<text class="value" x="${(end + 8).toFixed(1)}" y="${middle + 4.5}">${escaped(text)}</text>`,
  ];
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
