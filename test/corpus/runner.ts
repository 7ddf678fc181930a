/** Sends exchanges of the corpus through a real gateway and compares the records with what was on the wire. */
import { seededRandom } from "../harness/seeded-random.ts";
import { counterDifferences, differences } from "./expected.ts";
import { withId, type CorpusFile } from "./load.ts";
import { variantsOf, type Extent, type Mode, type Variant } from "./modes.ts";
import type { Result } from "./result.ts";
import { GatewayFixture } from "./gateway-fixture.ts";

/** One exchange in one mode: a variant for each of its requests. */
export interface Replay {
  readonly file: CorpusFile;
  readonly mode: Mode;
  readonly variants: readonly Variant[];
}

export function replaysOf(file: CorpusFile, extent: Extent, seed: number): readonly Replay[] {
  const random = seededRandom(seed);
  const bySteps = file.exchange.steps.map((step) => variantsOf(step, extent, random));
  const [first = []] = bySteps;
  if (bySteps.length === 1) return first.map((variant) => ({ file, mode: variant.mode, variants: [variant] }));
  // Consecutive requests are sent in the same mode, each to its end.
  const modes = new Set(first.map(({ mode }) => mode).filter((mode) => mode !== "client leaves"));
  return [...modes].flatMap((mode) => {
    const variants = bySteps.map((each) => each.find((variant) => variant.mode === mode));
    return variants.every((variant) => variant !== undefined) ? [{ file, mode, variants }] : [];
  });
}

const CONCURRENCY = 32;
/** Records are collected after this many replays, because the whole ledger is read each time. */
const BATCH = 2_000;

export async function run(replays: readonly Replay[]): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (let at = 0; at < replays.length; at += BATCH) {
    results.push(...(await runBatch(replays.slice(at, at + BATCH))));
  }
  return results;
}

async function runBatch(replays: readonly Replay[]): Promise<readonly Result[]> {
  const fixture = await GatewayFixture.open(CONCURRENCY);
  try {
    const requests: (Omit<Result, "record" | "failures"> & {
      readonly left: boolean;
      readonly error: string | undefined;
    })[] = [];
    const queue = replays.entries();
    const workers = Array.from({ length: CONCURRENCY }, async () => {
      for (const [number, { file, mode, variants }] of queue) {
        const { steps } = withId(file, number);
        for (const [index, variant] of variants.entries()) {
          const step = steps[index];
          if (step === undefined) continue;
          const tag = number * 10 + index;
          const error = await fixture.send(step, variant, tag).then(() => undefined, String);
          const what = `${file.name}${index === 0 ? "" : `, request ${index + 1}`}: ${mode} ${variant.detail}`;
          requests[tag] = {
            file,
            mode,
            what,
            expected: variant.left ?? step.record,
            left: variant.left !== undefined,
            error,
          };
        }
      }
    });
    await Promise.all(workers);
    const count = requests.reduce((sum) => sum + 1, 0);
    const byTag = new Map((await fixture.records(count)).map((record) => [Number(record.tags?.["number"]), record]));
    if (byTag.size !== count) throw new Error(`${byTag.size} records of ${count} requests`);
    return requests.flatMap(({ left, error, ...rest }, tag) => {
      const record = byTag.get(tag);
      const failures =
        record === undefined ? ["no record"] : (left ? counterDifferences : differences)(record, rest.expected);
      return [{ ...rest, record, failures: error === undefined ? failures : [error, ...failures] }];
    });
  } finally {
    await fixture.close();
  }
}
