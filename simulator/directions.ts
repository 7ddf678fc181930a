/**
 * Directions that a client gives the simulated provider with each request: token numbers, sizes, pace, failures. They are a
 * header, `x-sim: input=12,output=30,delay=5`, or, for clients that cannot set one, part of the model's name:
 * `gpt-5.5--sim-status-429`. A direction in the header overrides the one in the name.
 */

export type Encoding = "identity" | "gzip" | "br" | "deflate" | "zstd";

export interface Directions {
  /** The provider's input counter as the provider defines it (Anthropic's excludes cached tokens). */
  readonly input?: number;
  readonly output?: number;
  readonly cached?: number;
  /** Tokens written to the prompt cache. */
  readonly written?: number;
  readonly reasoning?: number;
  /** Google's tool-use prompt tokens. */
  readonly tooling?: number;
  /** Number of content deltas in a stream. */
  readonly chunks?: number;
  /** Length of the response text. */
  readonly bytes?: number;
  /** Milliseconds before each content delta. */
  readonly delay?: number;
  /** Milliseconds before the response head. */
  readonly wait?: number;
  readonly encoding?: Encoding;
  /** Respond with the provider's own error of this status. */
  readonly status?: number;
  /** Send an error inside the stream after this many content deltas. */
  readonly fail?: number;
  /** Close the connection after this many content deltas; in a plain response, after half of the body. */
  readonly cut?: number;
  /** `none`: report no usage, like some compatible servers. */
  readonly usage?: "none";
  /** `usage`: make the response text look like a usage object, which must not be counted. */
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

/** Splits a model name into the provider's name for the model and the directions after it. */
export function readModel(model: string): { readonly name: string; readonly directions: Directions } {
  const at = model.indexOf(modelMark);
  if (at < 0) return { name: model, directions: {} };
  const words = model.slice(at + modelMark.length).split("-");
  const pairs: string[] = [];
  for (let i = 0; i < words.length; i += 2) pairs.push(`${words[i]}=${words[i + 1] ?? ""}`);
  return { name: model.slice(0, at), directions: readDirections(pairs.join(",")) };
}

/** Throws a `RangeError` for unknown directions: a misspelled one must not get an ordinary response. */
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
    ? worded[name as keyof typeof worded] // Reason for the cast: `hasOwn` has checked it.
    : undefined;
  if (!words) throw new RangeError(`unknown direction "${name}"`);
  if (!words.includes(value)) throw new RangeError(`direction ${name}: "${value}" is not one of ${words.join(", ")}`);
  return value;
}
