/**
 * What a caller may ask of the simulated provider, per request: token numbers, sizes, pace, faults.
 * Written as a header, `x-sim: input=12,output=30,delay=5`, or where a client cannot set one, in the model's name:
 * `gpt-5.5--sim-status-429`. The header wins, direction by direction.
 */

export type Encoding = "identity" | "gzip" | "br" | "deflate" | "zstd";

export interface Directions {
  /** The provider's input counter, in the provider's own sense (without cached tokens at Anthropic). */
  readonly input?: number;
  readonly output?: number;
  readonly cached?: number;
  /** Tokens written to the prompt cache. */
  readonly written?: number;
  readonly reasoning?: number;
  /** Google's tool-use prompt tokens. */
  readonly tooling?: number;
  /** Number of content deltas of a stream. */
  readonly chunks?: number;
  /** Length of the answer's text. */
  readonly bytes?: number;
  /** Milliseconds before each content delta. */
  readonly delay?: number;
  /** Milliseconds before the response head. */
  readonly wait?: number;
  readonly encoding?: Encoding;
  /** Answer with the provider's own error of this status. */
  readonly status?: number;
  /** An error inside the stream after so many content deltas. */
  readonly fail?: number;
  /** The connection breaks after so many content deltas; a plain answer breaks in its middle. */
  readonly cut?: number;
  /** `none`: no usage anywhere, as some compatible servers do. */
  readonly usage?: "none";
  /** `usage`: the text of the answer looks like a usage object, which nobody may count. */
  readonly bait?: "usage";
}

const numeric = [
  "input",
  "output",
  "cached",
  "written",
  "reasoning",
  "tooling",
  "chunks",
  "bytes",
  "delay",
  "wait",
  "status",
  "fail",
  "cut",
] as const;

const worded = {
  encoding: ["identity", "gzip", "br", "deflate", "zstd"],
  usage: ["none"],
  bait: ["usage"],
} as const;

const modelMark = "--sim-";

/** Splits a model name into the name a provider would know and the directions written behind it. */
export function readModel(model: string): { readonly name: string; readonly directions: Directions } {
  const at = model.indexOf(modelMark);
  if (at < 0) return { name: model, directions: {} };
  const words = model.slice(at + modelMark.length).split("-");
  const pairs: string[] = [];
  for (let i = 0; i < words.length; i += 2) pairs.push(`${words[i]}=${words[i + 1] ?? ""}`);
  return { name: model.slice(0, at), directions: readDirections(pairs.join(",")) };
}

/** Throws a `RangeError` on anything unknown: a misspelled direction must not pass as an ordinary answer. */
export function readDirections(text: string | undefined): Directions {
  const found: Record<string, number | string> = {};
  for (const pair of (text ?? "").split(",")) {
    if (pair.trim() === "") continue;
    const [name = "", value = ""] = pair.split("=", 2).map((part) => part.trim());
    found[name] = readValue(name, value);
  }
  return found;
}

function readValue(name: string, value: string): number | string {
  if (numeric.some((known) => known === name)) {
    if (!/^\d{1,12}$/.test(value)) throw new RangeError(`direction ${name}: "${value}" is not a number`);
    return Number(value);
  }
  const words: readonly string[] | undefined = Object.hasOwn(worded, name)
    ? worded[name as keyof typeof worded] // `hasOwn` has just shown it
    : undefined;
  if (!words) throw new RangeError(`unknown direction "${name}"`);
  if (!words.includes(value)) throw new RangeError(`direction ${name}: "${value}" is none of ${words.join(", ")}`);
  return value;
}
