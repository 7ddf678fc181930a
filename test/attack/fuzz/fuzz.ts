/** Sends damaged bytes to targets, round by round, and keeps the outcomes. The number of a round determines all of it. */
import { seededRandom } from "../../harness/seeded-random.ts";
import { minimize } from "./minimize.ts";
import { mutate, pick } from "./mutate.ts";
import type { Target, TargetName } from "./target.ts";

export interface Finding {
  readonly target: TargetName;
  readonly seed: number;
  readonly message: string;
  /** Minimized, as latin1 text. */
  readonly bytes: string;
}

export class Outcomes {
  readonly cases = new Map<TargetName, number>();
  readonly outcomes = new Set<string>();
  readonly findings: Finding[] = [];
  total = 0;

  count(target: TargetName, outcome: string): void {
    this.total++;
    this.cases.set(target, (this.cases.get(target) ?? 0) + 1);
    this.outcomes.add(`${target}: ${outcome}`);
  }
}

export interface Rounds {
  /** Returns the number of the next round. */
  readonly next: () => number;
  /** Called before each round. */
  readonly continues: () => boolean;
}

const MINIMIZING_ATTEMPTS = 400;
/** Some cases last until a timeout. */
const MINIMIZING_MS = 20_000;

export async function fuzz(target: Target, { next, continues }: Rounds, counts: Outcomes): Promise<void> {
  while (continues()) {
    const seed = next();
    const random = seededRandom(seed);
    const text = mutate(pick(target.seeds, random), target.seeds, random);
    const failure = await check(target, text, seed).then(
      (outcome) => counts.count(target.name, outcome),
      (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
    );
    if (!(failure instanceof Error)) continue;
    counts.count(target.name, "a finding");
    const bytes = await minimize(text, stillFails(target, seed), MINIMIZING_ATTEMPTS);
    counts.findings.push({ target: target.name, seed, message: failure.message, bytes });
  }
}

function stillFails(target: Target, seed: number): (text: string) => Promise<boolean> {
  const until = performance.now() + MINIMIZING_MS;
  return async (text) => {
    if (performance.now() > until) return false;
    return check(target, text, seed).then(
      () => false,
      () => true,
    );
  };
}

/** The seed also determines how the bytes are cut and how the case ends. */
function check(target: Target, text: string, seed: number): Promise<string> {
  return target.check(text, seededRandom(seed ^ 0x5bd1e995));
}
