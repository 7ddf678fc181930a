import { killLoop } from "../../test/durability/kill-loop.ts";
import type { Comparison } from "./comparison.ts";
import { LMGATE } from "./proxies.ts";
import { addFigure } from "./results.ts";

const PER_SECOND = 2_000;
const LEVELS = ["relaxed", "written"] as const;

/** Kills LMGate under load, once per round and durability, and counts finished requests that have no record then. */
export async function runKills({ rounds, results, info }: Comparison): Promise<void> {
  for (const durability of LEVELS) {
    info(`kill -9 under load, durability ${durability}`);
    await killLoop({
      kills: rounds,
      perSecond: PER_SECOND,
      durability,
      onKill: ({ missing, missingSinceMs }) => {
        addFigure(results, `kills.${durability}-missing`, LMGATE, missing);
        addFigure(results, `kills.${durability}-ms`, LMGATE, missing === 0 ? 0 : missingSinceMs);
      },
    });
  }
}
