/** Model names, agents and the members of usage objects are few and come with every call; ids are longer or never come again. */
const MAX_LENGTH = 64;
const MAX_TEXTS = 2_048;

/** Texts that were looked through and found clean. Bounded, and never told of one that holds a key. */
export class CleanTexts {
  readonly #texts = new Set<string>();

  has(text: string): boolean {
    return this.#texts.has(text);
  }

  add(text: string): void {
    if (text.length > MAX_LENGTH) return;
    if (this.#texts.size >= MAX_TEXTS) this.#texts.clear();
    this.#texts.add(text);
  }
}
