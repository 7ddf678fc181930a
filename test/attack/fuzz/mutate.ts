/** Damages text at random, as a careless program, a broken network or an attacker might. */
import { PIECES } from "./seeds.ts";

export type Random = () => number;

const MAX_LENGTH = 6_000;

/** Makes one to four changes. Parts of `others` may be inserted. */
export function mutate(text: string, others: readonly string[], random: Random): string {
  let result = text;
  for (let count = 1 + below(4, random); count > 0; count--) result = changed(result, others, random);
  return result.length > MAX_LENGTH ? text : result;
}

/** Where to cut the bytes into pieces: not at all, at some places, or after every byte. */
export function cutPlaces(length: number, random: Random): readonly number[] {
  const kind = random();
  if (kind < 0.3) return [];
  if (kind < 0.35 && length < 400) return Array.from({ length }, (_, at) => at);
  return Array.from({ length: 1 + below(5, random) }, () => below(length + 1, random));
}

export function pick<Item>(items: readonly Item[], random: Random): Item {
  const item = items[below(items.length, random)];
  if (item === undefined) throw new Error("nothing to pick from");
  return item;
}

export function below(end: number, random: Random): number {
  return Math.floor(random() * end);
}

function changed(text: string, others: readonly string[], random: Random): string {
  const at = below(text.length + 1, random);
  const to = Math.min(text.length, at + 1 + below(random() < 0.8 ? 6 : 60, random));
  const [before, middle, after] = [text.slice(0, at), text.slice(at, to), text.slice(to)];
  switch (below(10, random)) {
    case 0:
    case 1:
      return before + pick(PIECES, random) + middle + after;
    case 2:
      return before + pick(PIECES, random) + after;
    case 3:
      return before + after;
    case 4:
      return before + middle.repeat(2 + below(2, random)) + after;
    case 5:
      return before + flipped(middle, random) + after;
    case 6:
      return before + String.fromCharCode(below(256, random)) + middle + after;
    case 7:
      return movedLine(text, random);
    case 8: {
      const other = pick(others, random);
      return before + other.slice(below(other.length, random));
    }
    default:
      return random() < 0.5 ? before + swappedCase(middle) + after : cutShort(before, after, random);
  }
}

function flipped(text: string, random: Random): string {
  if (text === "") return text;
  const at = below(text.length, random);
  const code = text.charCodeAt(at) ^ (1 << below(8, random));
  return text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
}

/** Moves or repeats a whole line. */
function movedLine(text: string, random: Random): string {
  const lines = text.split("\r\n");
  const line = pick(lines, random);
  const kept = random() < 0.5 ? lines : lines.filter((each) => each !== line);
  return kept.toSpliced(below(kept.length + 1, random), 0, line).join("\r\n");
}

function swappedCase(text: string): string {
  return text.replace(/[A-Za-z]/g, (letter) =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
  );
}

function cutShort(before: string, after: string, random: Random): string {
  return random() < 0.5 ? before : after;
}
