const WORDS = 4;
const FIRST_CAPACITY = 1 << 16;

/**
 * Which ids of records were seen, 16 bytes each. Beyond `max` the older half is forgotten, so memory is bounded however
 * many there are: an id that comes twice does so near by, unless whole files are given twice, which their numbers show.
 */
export class SeenIds {
  readonly #max: number;
  #young = new IdTable();
  #old = new IdTable();

  constructor(max = 8_000_000) {
    this.#max = max;
  }

  /** False if it was there already. */
  add(id: string): boolean {
    const key = keyOf(id);
    if (this.#old.has(key) || !this.#young.add(key)) return false;
    if (this.#young.size * 2 >= this.#max) {
      this.#old = this.#young;
      this.#young = new IdTable();
    }
    return true;
  }
}

type Key = readonly [number, number, number, number];

/** A UUID without its hyphens is 32 hexadecimal digits. */
function keyOf(id: string): Key {
  const digits = id.replaceAll("-", "");
  const word = (at: number): number => Number.parseInt(digits.slice(at, at + 8), 16) >>> 0;
  return [word(0), word(8), word(16), word(24)];
}

/** Open addressing in one array. */
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
    // The version stands in the second word, so that of an id is never zero.
    return this.#words[slot + 1] !== 0;
  }

  /** Where the key is, or would be. */
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
