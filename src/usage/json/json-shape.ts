/**
 * Which members to take out of a JSON object: a value whole, the text of a string piece by piece, a look inside an object or at
 * each object of an array, or the objects of an array one by one.
 */
export interface ShapeSpec {
  readonly [key: string]: "value" | "text" | Each | ShapeSpec;
}

/** The objects of an array that may be too long to keep: each is a document of its own, `{[name]: object}`. */
export class Each {
  readonly spec: ShapeSpec;

  constructor(spec: ShapeSpec) {
    this.spec = spec;
  }
}

/** What any of the specs wants; of a value and a look inside it, the look. */
export function unionOf(specs: readonly ShapeSpec[]): ShapeSpec {
  const union: Record<string, ShapeSpec[string]> = {};
  for (const [name, want] of specs.flatMap((spec) => Object.entries(spec))) {
    const before = union[name];
    if (before === undefined || typeof before === "string") union[name] = want;
    else if (typeof want !== "string") union[name] = combined(before, want);
  }
  return union;
}

function combined(a: Each | ShapeSpec, b: Each | ShapeSpec): Each | ShapeSpec {
  const specs = [a, b].map((want) => (want instanceof Each ? want.spec : want));
  return a instanceof Each || b instanceof Each ? new Each(unionOf(specs)) : unionOf(specs);
}

/** A spec made ready for comparing raw key bytes: the wanted members by the length of their name. */
export interface Shape {
  readonly spec: ShapeSpec;
  readonly byLength: readonly (readonly Wanted[] | undefined)[];
  readonly byName: ReadonlyMap<string, Wanted>;
}

export interface Wanted {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Look inside instead of taking the value whole; a string or a number found here is still taken. */
  readonly inner: Shape | undefined;
  /** Hand out the objects of the array instead of keeping them. */
  readonly each: boolean;
  /** Hand out the raw bytes as they come instead of taking the value. */
  readonly passed: boolean;
}

export function shapeOf(spec: ShapeSpec): Shape {
  const byLength: (Wanted[] | undefined)[] = [];
  const byName = new Map<string, Wanted>();
  for (const [name, want] of Object.entries(spec)) {
    const inner = want instanceof Each ? want.spec : want;
    const wanted: Wanted = {
      name,
      bytes: Buffer.from(name),
      inner: typeof inner === "string" ? undefined : shapeOf(inner),
      each: want instanceof Each,
      passed: want === "text",
    };
    while (byLength.length <= wanted.bytes.length) byLength.push(undefined);
    (byLength[wanted.bytes.length] ??= []).push(wanted);
    byName.set(name, wanted);
  }
  return { spec, byLength, byName };
}

/** The wanted member whose name is the bytes from `from` to `to`, if there is one. */
export function wantedKey(shape: Shape, bytes: Uint8Array, from: number, to: number): Wanted | undefined {
  const candidates = shape.byLength[to - from];
  if (candidates === undefined) return undefined;
  for (const wanted of candidates) {
    const name = wanted.bytes;
    let at = 0;
    while (at < name.length && name[at] === bytes[from + at]) at++;
    if (at === name.length) return wanted;
  }
  return undefined;
}
