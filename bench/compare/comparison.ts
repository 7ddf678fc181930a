import type { Children } from "./children.ts";
import type { Proxy, StartContext } from "./proxy.ts";
import { addAbsence, addFigure, type Results } from "./results.ts";

/** What all parts of a comparison share. */
export interface Comparison {
  readonly children: Children;
  readonly directory: string;
  readonly proxies: readonly Proxy[];
  readonly rounds: number;
  /** Creates the directory for another start of a proxy. */
  readonly startContext: (proxy: Proxy) => StartContext;
  readonly results: Results;
  readonly info: (line: string) => void;
}

/** Measurements by the last part of their names: `cpu`, `rate`, `p50`, … */
export type Measurements = Readonly<Record<string, number>>;

/**
 * Measures once and stores the figures. If that fails, stores the reason and returns false: one failing proxy must not end
 * the comparison of the others.
 */
export async function attempt(
  { results, info }: Pick<Comparison, "results" | "info">,
  name: string,
  proxy: Proxy,
  measure: () => Promise<Measurements>,
): Promise<boolean> {
  try {
    const figures = await measure();
    for (const [part, value] of Object.entries(figures)) addFigure(results, `${name}.${part}`, proxy.name, value);
    return true;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    info(`  ${proxy.title}: ${reason}`);
    addAbsence(results, name, proxy.name, reason);
    return false;
  }
}

/** Rotates the list, so that each round starts with another proxy. */
export function rotated<T>(list: readonly T[], round: number): readonly T[] {
  const at = list.length === 0 ? 0 : round % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}
