// A name keeps its color: its hash selects one of the palette's eight colors. If another name of the same dimension
// already has it, the next free color is used. style/tokens.css defines the colors for light and dark.

const SIZE = 8;
const slotsOfKinds = new Map<string, Map<string, number>>();

/** Assigns colors to names that appear together, in an order that does not depend on their values. */
export function assignColors(kind: string, names: readonly string[]): void {
  for (const name of names.toSorted()) slotOf(kind, name);
}

function slotOf(kind: string, name: string): number {
  const slots = slotsOfKinds.get(kind) ?? new Map<string, number>();
  slotsOfKinds.set(kind, slots);
  const known = slots.get(name);
  if (known !== undefined) return known;
  const used = new Set(slots.values());
  const wanted = hash(name) % SIZE;
  const free = Array.from({ length: SIZE }, (_, step) => (wanted + step) % SIZE).find((slot) => !used.has(slot));
  const slot = free ?? wanted;
  slots.set(name, slot);
  return slot;
}

/** FNV-1a */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

/** Returns the CSS variable for a name of a dimension. *Other* and sums have colors of their own. */
export function colorVariable(kind: string, name: string | null): string {
  return name === null ? "--series-other" : `--series-${slotOf(kind, name)}`;
}
