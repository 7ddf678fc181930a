import { HOUR_DIMENSIONS } from "../../schema/hour-columns.ts";

/** One value for each of `HOUR_DIMENSIONS`, as requests share them. */
export type DimensionSet = Readonly<Record<(typeof HOUR_DIMENSIONS)[number], string | null>>;

/** A dimension set in SQL, as a text that identifies it. */
export const DIMENSION_SET_SQL = `to_json([${HOUR_DIMENSIONS.map((name) => `${name}::VARCHAR`).join(", ")}])::VARCHAR`;

/** Numbers dimension sets. There are few of them, however many requests there are. */
export class DimensionSets {
  readonly #numbers = new Map<string, number>();
  readonly #sets: DimensionSet[] = [];

  get all(): readonly DimensionSet[] {
    return this.#sets;
  }

  numberOf(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    // as: a list of texts and nulls, made by the SQL above.
    const values = JSON.parse(text) as readonly (string | null)[];
    const set = Object.fromEntries(HOUR_DIMENSIONS.map((name, at) => [name, values[at] ?? null])) as DimensionSet;
    this.#numbers.set(text, this.#sets.length);
    return this.#sets.push(set) - 1;
  }
}
