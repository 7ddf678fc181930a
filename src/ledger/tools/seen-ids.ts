const WORDS = 4;
const FIRST_CAPACITY = 1 << 16;

/**
 * A set of record ids in 16 bytes each. Beyond `max` ids the older half is dropped, which bounds the memory. That is
 * enough to find duplicates: the same id appears twice close together, and a file that is read twice shows by its sequence numbers.
 */
export class SeenIds {
  readonly #max: number;
  #newer = new IdTable();
  #older = new IdTable();

  constructor(max = 8_000_000) {
    this.#max = max;
  }

  /** False if the id was in the set already. */
  add(id: string): boolean {
    const key = keyOf(id);
    if (this.#older.has(key) || !this.#newer.add(key)) return false;
    if (this.#newer.size * 2 >= this.#max) {
      this.#older = this.#newer;
      this.#newer = new IdTable();
    }
    return true;
  }
}

type Key = readonly [number, number, number, number];

/** A UUID without its hyphens has 32 hexadecimal digits. */
function keyOf(id: string): Key {
  const digits = id.replaceAll("-", "");
  const word = (at: number): number => Number.parseInt(digits.slice(at, at + 8), 16) >>> 0;
  return [word(0), word(8), word(16), word(24)];
}

/** A hash table with open addressing in one array. */
class IdTable {
  size = 0;
  #capacity = FIRST_CAPACITY;
  #words = new Uint32Array(FIRST_CAPACITY * WORDS);

  has(key: Key): boolean {
    return this.#holds(this.#slotOf(key));
  }

  add(key: Key): boolean {
    const slot = this.#slotOf(key);
    if (this.#holds(slot)) return false;
    this.#words.set(key, slot);
    this.size += 1;
    if (this.size * 2 > this.#capacity) this.#grow();
    return true;
  }

  #holds(slot: number): boolean {
    // The second word contains the version of the UUID, so it is zero only in a free slot.
    return this.#words[slot + 1] !== 0;
  }

  /** The slot of the key, or the free slot where it belongs. */
  #slotOf(key: Key): number {
    const words = this.#words;
    const [a, b, c, d] = key;
    // The last two words are random.
    let slot = ((c ^ d) >>> 0) % this.#capacity;
    for (;;) {
      const at = slot * WORDS;
      if (words[at + 1] === 0) return at;
      if (words[at] === a && words[at + 1] === b && words[at + 2] === c && words[at + 3] === d) return at;
      slot = (slot + 1) % this.#capacity;
    }
  }

  #grow(): void {
    const words = this.#words;
    this.#capacity *= 2;
    this.#words = new Uint32Array(this.#capacity * WORDS);
    for (let at = 0; at < words.length; at += WORDS) {
      if (words[at + 1] === 0) continue;
      const key: Key = [words[at] ?? 0, words[at + 1] ?? 0, words[at + 2] ?? 0, words[at + 3] ?? 0];
      this.#words.set(key, this.#slotOf(key));
    }
  }
}
