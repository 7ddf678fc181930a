/** Plays exchanges of the corpus through a real gateway and compares what was recorded with what was on the wire. */
import { seededRandom } from "../harness/seeded-random.ts";
import { counterDifferences, differences } from "./expected.ts";
import { withId, type CorpusFile } from "./load.ts";
import { playsOf, type Extent, type Mode, type Play } from "./modes.ts";
import type { Result } from "./result.ts";
import { Stage } from "./gateway-fixture.ts";

/** One exchange in one mode: a play for each of its calls. */
export interface Performance {
  readonly file: CorpusFile;
  readonly mode: Mode;
  readonly plays: readonly Play[];
}

export function performancesOf(file: CorpusFile, extent: Extent, seed: number): readonly Performance[] {
  const random = seededRandom(seed);
  const bySteps = file.exchange.steps.map((step) => playsOf(step, extent, random));
  const [first = []] = bySteps;
  if (bySteps.length === 1) return first.map((play) => ({ file, mode: play.mode, plays: [play] }));
  // Calls that follow one another come in the same mode, each to its end.
  const modes = new Set(first.map(({ mode }) => mode).filter((mode) => mode !== "client leaves"));
  return [...modes].flatMap((mode) => {
    const plays = bySteps.map((each) => each.find((play) => play.mode === mode));
    return plays.every((play) => play !== undefined) ? [{ file, mode, plays }] : [];
  });
}

const CONCURRENCY = 32;
/** Records are collected after so many performances, for the file they stand in is read as a whole. */
const BATCH = 2_000;

export async function run(performances: readonly Performance[]): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (let at = 0; at < performances.length; at += BATCH) {
    results.push(...(await runBatch(performances.slice(at, at + BATCH))));
  }
  return results;
}

async function runBatch(performances: readonly Performance[]): Promise<readonly Result[]> {
  const stage = await Stage.open(CONCURRENCY);
  try {
    const calls: (Omit<Result, "record" | "faults"> & {
      readonly left: boolean;
      readonly broken: string | undefined;
    })[] = [];
    const queue = performances.entries();
    const workers = Array.from({ length: CONCURRENCY }, async () => {
      for (const [number, { file, mode, plays }] of queue) {
        const { steps } = withId(file, number);
        for (const [index, play] of plays.entries()) {
          const step = steps[index];
          if (step === undefined) continue;
          const tag = number * 10 + index;
          const broken = await stage.perform(step, play, tag).then(() => undefined, String);
          const what = `${file.name}${index === 0 ? "" : `, call ${index + 1}`}: ${mode} ${play.about}`;
          calls[tag] = { file, mode, what, expected: play.left ?? step.record, left: play.left !== undefined, broken };
        }
      }
    });
    await Promise.all(workers);
    const count = calls.reduce((sum) => sum + 1, 0);
    const byTag = new Map((await stage.records(count)).map((record) => [Number(record.tags?.["play"]), record]));
    if (byTag.size !== count) throw new Error(`${byTag.size} records of ${count} calls`);
    return calls.flatMap(({ left, broken, ...call }, tag) => {
      const record = byTag.get(tag);
      const faults =
        record === undefined ? ["no record"] : (left ? counterDifferences : differences)(record, call.expected);
      return [{ ...call, record, faults: broken === undefined ? faults : [broken, ...faults] }];
    });
  } finally {
    await stage.close();
  }
}
