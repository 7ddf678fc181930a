// A name keeps its color: the hash of it chooses among the eight of the palette, and only where another name of its kind
// has been given that one, the next that is free. The colors themselves stand in style/tokens.css, for light and dark.

const SIZE = 8;
const slotsOfKinds = new Map<string, Map<string, number>>();

/** Gives colors to names that appear together, in an order that does not depend on which of them is the greatest. */
export function claimColors(kind: string, names: readonly string[]): void {
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

/** The CSS variable of a name among those of a kind: models, owners. *Other* and sums have none of the eight. */
export function colorVariable(kind: string, name: string | null): string {
  return name === null ? "--series-other" : `--series-${slotOf(kind, name)}`;
}
