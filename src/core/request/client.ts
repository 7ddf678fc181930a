/** Who a call belongs to: one row of the allow-list. */
export interface Client {
  readonly id: string;
  readonly owner: string;
  /** Milliseconds since the epoch after which the key no longer opens anything; `undefined`: never. */
  readonly expiresAt: number | undefined;
}

/** A key as a client presented it. Its text leaves this object only through `reveal`. */
export class ApiKey {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  /** The last six characters; nothing of a key too short to spare them. */
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
