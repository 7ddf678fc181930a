/** Divides the samples of a V8 CPU profile by kind of code. */

export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  /** Monotonic, in microseconds. */
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface Sample {
  /** Monotonic, in microseconds. */
  readonly at: number;
  readonly microseconds: number;
  readonly kind: string;
  readonly text: string;
}

const NATIVE = "system calls and other native code";

/** The first prefix that a file's path has decides. */
const KINDS: readonly (readonly [prefix: string, kind: string])[] = [
  ["src/proxy/recording/", "recording"],
  ["src/proxy/", "proxy"],
  ["src/wire/", "wire codec"],
  ["src/usage/", "usage"],
  ["src/prices/", "prices"],
  ["src/ledger/", "ledger"],
  ["src/workers/", "hand-over between workers"],
  ["src/", "other code of LMGate"],
  ["node:", "JavaScript of Node.js"],
];

/** Without the time in which the thread was idle. */
export function samplesOf({ nodes, startTime, samples, timeDeltas }: CpuProfile): readonly Sample[] {
  const described = new Map(nodes.map(({ id, callFrame }) => [id, describe(callFrame)]));
  let at = startTime;
  return samples.flatMap((id, index) => {
    const microseconds = timeDeltas[index] ?? 0;
    at += microseconds;
    const found = described.get(id);
    return found === undefined ? [] : [{ at, microseconds, ...found }];
  });
}

function describe(frame: CpuProfile["nodes"][number]["callFrame"]): Pick<Sample, "kind" | "text"> | undefined {
  const { functionName, url, lineNumber } = frame;
  switch (functionName) {
    case "(idle)":
      return undefined;
    case "(garbage collector)":
      return { kind: "garbage collection on this thread", text: functionName };
    case "(program)":
    case "(root)":
      return { kind: NATIVE, text: functionName };
    default:
  }
  const path = url.slice(Math.max(0, url.lastIndexOf("/src/") + 1));
  const kind = KINDS.find(([prefix]) => path.startsWith(prefix))?.[1];
  const where = url === "" ? "native" : `${path}:${lineNumber + 1}`;
  return { kind: kind ?? "native functions called by JavaScript", text: `${functionName || "(anonymous)"} ${where}` };
}

/** The kinds, that with the most time first. */
export function kindsOf(samples: readonly Sample[]): readonly string[] {
  return totals(samples, ({ kind }) => kind).map(([kind]) => kind);
}

/** The functions and their own time in microseconds, that with the most time first. */
export function functionsOf(samples: readonly Sample[]): readonly (readonly [string, number])[] {
  return totals(samples, ({ text }) => text);
}

function totals(samples: readonly Sample[], by: (sample: Sample) => string): readonly (readonly [string, number])[] {
  const sums = new Map<string, number>();
  for (const sample of samples) sums.set(by(sample), (sums.get(by(sample)) ?? 0) + sample.microseconds);
  return [...sums].toSorted(([, one], [, other]) => other - one);
}
