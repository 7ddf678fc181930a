// A canvas cannot use CSS variables.

/** Returns the current color of a CSS variable for use on a canvas. */
export function resolveColor(variable: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
}

/** `#rrggbb` laid over another with some opacity, so that areas may overlap and still show one color. */
export function mixColors(over: string, under: string, opacity: number): string {
  const channel = (color: string, at: number): number => Number.parseInt(color.slice(at, at + 2), 16);
  const mixed = [1, 3, 5].map((at) => Math.round(channel(over, at) * opacity + channel(under, at) * (1 - opacity)));
  return `rgb(${mixed.join(" ")})`;
}
