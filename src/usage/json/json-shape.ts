/**
 * The members to take from a JSON object. `value` takes the whole value, `text` streams the bytes of a string, a nested
 * spec reads the members of an object or of each object in an array, and `Each` emits the objects of an array one by
 * one.
 */
export interface ShapeSpec {
  readonly [key: string]: "value" | "text" | Each | ShapeSpec;
}

/** An array that may be too long to keep: each of its objects is emitted as a document `{[name]: object}`. */
export class Each {
  readonly spec: ShapeSpec;

  constructor(spec: ShapeSpec) {
    this.spec = spec;
  }
}

/** The union of the specs. If one wants the whole value and another its members, the members win. */
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

/** A spec compiled for comparison with raw key bytes: the wanted members by the length of their name. */
export interface Shape {
  readonly spec: ShapeSpec;
  readonly byLength: readonly (readonly Wanted[] | undefined)[];
  readonly byName: ReadonlyMap<string, Wanted>;
}

export interface Wanted {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The members to read instead of the whole value. A string or a number in its place is still taken. */
  readonly inner: Shape | undefined;
  /** Emit the objects of the array one by one instead of keeping them. */
  readonly each: boolean;
  /** Emit the raw bytes as they arrive instead of keeping the value. */
  readonly streamed: boolean;
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
      streamed: want === "text",
    };
    while (byLength.length <= wanted.bytes.length) byLength.push(undefined);
    (byLength[wanted.bytes.length] ??= []).push(wanted);
    byName.set(name, wanted);
  }
  return { spec, byLength, byName };
}

/** The wanted member whose name equals the bytes from `from` to `to`. */
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
