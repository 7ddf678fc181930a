import { seededRandom } from "./seeded-random.ts";

// How much of a long sweep is run: a sample by `npm test`, all of it by `npm run test:full`. The sample is the same for the
// same seed, which scripts/test.ts prints.

const isFull = process.env["LMGATE_TEST_FULL"] === "1";
const seed = Number(process.env["LMGATE_TEST_SEED"] ?? 1);

/** Chooses about one in `every` cases, always with the first and the last of each kind. A full run takes all of them. */
export function sampled<Case>(
  cases: readonly Case[],
  every: number,
  kindOf: (each: Case) => unknown = () => undefined,
): readonly Case[] {
  if (isFull) return cases;
  const random = seededRandom(seed + cases.length);
  const edges = new Set<Case>();
  const kinds = new Map(cases.map((each) => [kindOf(each), each]));
  for (const last of kinds.values()) edges.add(last);
  kinds.clear();
  for (const each of cases) {
    if (kinds.has(kindOf(each))) continue;
    kinds.set(kindOf(each), each);
    edges.add(each);
  }
  return cases.filter((each) => random() * every < 1 || edges.has(each));
}

/** The number of rounds of a random test. */
export function rounds(whole: number, sample: number): number {
  return isFull ? whole : sample;
}
