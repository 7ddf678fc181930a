import { HOUR_DIMENSIONS } from "../../schema/hour-columns.ts";

/** What calls have in common, whoever counts them: one value for each of `HOUR_DIMENSIONS`. */
export type DimensionSet = Readonly<Record<(typeof HOUR_DIMENSIONS)[number], string | null>>;

/** A kind in SQL, as a text that no other kind has. */
export const KIND_SQL = `to_json([${HOUR_DIMENSIONS.map((name) => `${name}::VARCHAR`).join(", ")}])::VARCHAR`;

/** Numbers for kinds: there are few of them, however many calls. */
export class DimensionSets {
  readonly #numbers = new Map<string, number>();
  readonly #kinds: DimensionSet[] = [];

  get all(): readonly DimensionSet[] {
    return this.#kinds;
  }

  numberOf(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    // as: a list of texts and nulls, made by the SQL above.
    const values = JSON.parse(text) as readonly (string | null)[];
    const kind = Object.fromEntries(HOUR_DIMENSIONS.map((name, at) => [name, values[at] ?? null])) as DimensionSet;
    this.#numbers.set(text, this.#kinds.length);
    return this.#kinds.push(kind) - 1;
  }
}
