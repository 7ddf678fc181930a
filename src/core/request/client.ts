/** The allow-list row that a request belongs to. */
export interface Client {
  readonly id: string;
  readonly owner: string;
  /** Epoch milliseconds after which the key is no longer valid; `undefined` if it does not expire. */
  readonly expiresAt: number | undefined;
}

/** A key as the client sent it. Its text leaves this object only through `reveal`. */
export class ApiKey {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  /** The last six characters; empty for a key so short that they would reveal much of it. */
  get masked(): string {
    return this.#text.length < 16 ? "" : this.#text.slice(-6);
  }

  toString(): string {
    return "[api key]";
  }

  toJSON(): string {
    return "[api key]";
  }
}
