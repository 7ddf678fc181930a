import type { Children } from "./children.ts";
import type { Proxy, Stage } from "./proxy.ts";
import { addAbsence, addFigure, type Results } from "./results.ts";

/** Where a comparison takes place. */
export interface Scene {
  readonly children: Children;
  readonly directory: string;
  readonly proxies: readonly Proxy[];
  readonly rounds: number;
  /** A place for one more start of a proxy. */
  readonly stage: (proxy: Proxy) => Stage;
  readonly results: Results;
  readonly say: (line: string) => void;
}

/** Figures by the last part of their names: `cpu`, `rate`, `p50`, … */
export type Measured = Readonly<Record<string, number>>;

/**
 * Measures once and keeps the figures. A proxy that cannot do it leaves its reason and is not asked again: one that
 * fails must not end the comparison of the others.
 */
export async function attempt(
  { results, say }: Pick<Scene, "results" | "say">,
  name: string,
  proxy: Proxy,
  measure: () => Promise<Measured>,
): Promise<boolean> {
  try {
    const figures = await measure();
    for (const [part, value] of Object.entries(figures)) addFigure(results, `${name}.${part}`, proxy.name, value);
    return true;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    say(`  ${proxy.title}: ${reason}`);
    addAbsence(results, name, proxy.name, reason);
    return false;
  }
}

/** Who was first in the last round is last in this one. */
export function turned<T>(list: readonly T[], round: number): readonly T[] {
  const at = list.length === 0 ? 0 : round % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}
