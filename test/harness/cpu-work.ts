/**
 * Judges the work of a function by other work in the same run, so that no machine is too slow to pass. The two are measured in
 * turns, and the lowest figure of each counts, because other programs can only add to it.
 */
import assert from "node:assert/strict";

type Work = () => unknown;

const MIN_TURNS = 2;
const MAX_TURNS = 20;
/** Eight pieces cost as much as the whole if work grows linearly with size, and an eighth of it if it grows quadratically. */
const PIECES = 8;
const MAX_RATIO = 4;

/** Fails if `work` takes more than `maxRatio` times the CPU time of `benign`. */
export async function assertWorkWithin(maxRatio: number, work: Work, benign: Work): Promise<void> {
  let least = Infinity;
  let leastBenign = Infinity;
  for (let turn = 0; turn < MIN_TURNS || (turn < MAX_TURNS && least > maxRatio * leastBenign); turn++) {
    leastBenign = Math.min(leastBenign, await cpuMicroseconds(benign));
    least = Math.min(least, await cpuMicroseconds(work));
  }
  assert.ok(least <= maxRatio * leastBenign, `${least} µs compared with ${leastBenign} µs`);
}

/** Fails if work of `size` costs much more than the same work on eight pieces of it. */
export async function assertGrowsWithSize(size: number, work: (size: number) => unknown): Promise<void> {
  const pieces = async (): Promise<void> => {
    for (let piece = 0; piece < PIECES; piece++) await work(size / PIECES);
  };
  await assertWorkWithin(MAX_RATIO, () => work(size), pieces);
}

/** CPU time of the whole process, because the kernel updates that of a single thread only at its ticks. */
async function cpuMicroseconds(work: Work): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
