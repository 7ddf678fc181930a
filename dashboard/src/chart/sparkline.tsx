import type { JSX } from "preact";
import { isKnown } from "../format/number.ts";

interface SparklineProps {
  readonly values: readonly (number | null)[];
  /** From this index on the values are still growing and drawn dotted. */
  readonly partialAt?: number | undefined;
}

const WIDTH = 120;
const HEIGHT = 32;
const PAD = 2;

/** A small line chart without axes. Unknown values stay gaps. */
export function Sparkline({ values, partialAt }: SparklineProps): JSX.Element {
  const max = Math.max(0, ...values.filter(isKnown));
  const x = (at: number): number => (values.length < 2 ? WIDTH / 2 : (at / (values.length - 1)) * WIDTH);
  const y = (value: number): number => HEIGHT - PAD - (max === 0 ? 0 : (value / max) * (HEIGHT - 2 * PAD));
  const whole = partialAt === undefined ? values.length : Math.min(values.length, Math.max(1, partialAt));
  const runs = runsOf(values.slice(0, whole), x, y);
  const rest = partialAt === undefined ? [] : runsOf(values, x, y, Math.max(0, whole - 1));
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      {runs.map((run, at) => (
        <g key={at}>
          <path
            class="spark-area"
            d={`${lineOf(run)}L${run.at(-1)?.[0] ?? 0} ${HEIGHT}L${run[0]?.[0] ?? 0} ${HEIGHT}Z`}
          />
          <path class="spark-line" d={lineOf(run)} vector-effect="non-scaling-stroke" />
        </g>
      ))}
      {rest.map((run, at) => (
        <path key={at} class="spark-line partial" d={lineOf(run)} vector-effect="non-scaling-stroke" />
      ))}
    </svg>
  );
}

type Point = readonly [number, number];
type Scale = (value: number) => number;

function runsOf(values: readonly (number | null)[], x: Scale, y: Scale, from = 0): Point[][] {
  const runs: Point[][] = [];
  let run: Point[] = [];
  for (let at = from; at <= values.length; at++) {
    const value = values[at];
    if (isKnown(value)) run.push([round(x(at)), round(y(value))]);
    else if (run.length > 0) {
      runs.push(run);
      run = [];
    }
  }
  return runs;
}

const round = (value: number): number => Math.round(value * 10) / 10;
const lineOf = (run: readonly Point[]): string => `M${run.map(([x, y]) => `${x} ${y}`).join("L")}`;
