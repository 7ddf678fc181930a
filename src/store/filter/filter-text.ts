import { nearest } from "../../core/did-you-mean.ts";
import { dimension, dimensionNames, type Dimension, type Filter } from "../schema/query.ts";
import { QueryError } from "../schema/query-error.ts";

// Filters as people write them: `model=gpt-4o,gpt-5`, `status>=400`, `owner!=null`, `tag:team=core`. `\` takes the next
// character as it is: a comma in a value, a sign in a tag's name, a value that is really the word null.

/** The first that fits counts, so the longer come first. */
const SIGNS = [
  ["!=", "is_not"],
  [">=", "gte"],
  ["<=", "lte"],
  ["=", "is"],
] as const;

const MAX_VALUES = 100;
const MAX_LENGTH = 10_000;

interface Letter {
  readonly text: string;
  readonly isEscaped: boolean;
}

/** Throws a `QueryError` that says what is wrong with it. */
export function parseFilter(text: string): Filter {
  if (text.length > MAX_LENGTH) throw new QueryError("filter", `has more than ${MAX_LENGTH} characters`);
  const letters = lettersOf(text);
  for (let at = 0; at < letters.length; at += 1) {
    const found = SIGNS.find(([sign]) => isAt(letters, at, sign));
    if (found === undefined) continue;
    const [sign, op] = found;
    const named = parseDimension(plain(trimmed(letters.slice(0, at))), "filter");
    const values = split(letters.slice(at + sign.length)).map(valueOf);
    if (values.length > MAX_VALUES) {
      throw new QueryError("filter", `${named} has ${values.length} values; at most ${MAX_VALUES} are taken`);
    }
    return { dimension: named, op, values };
  }
  throw new QueryError("filter", `${JSON.stringify(text)} has none of =, !=, >= and <=, as in status>=400`);
}

export function formatFilter({ dimension, op, values }: Filter): string {
  const sign = SIGNS.find(([, name]) => name === op)?.[0] ?? "=";
  return `${dimension.replace(/[\\=!<>]|^\s|\s$/g, "\\$&")}${sign}${values.map(formatValue).join(",")}`;
}

/** `where` is the parameter to name in a fault. */
export function parseDimension(name: string, where: string): Dimension {
  const known = dimension.safeParse(name);
  if (known.success) return known.data;
  if (name === "tag:" || name === "tag") throw new QueryError(where, "tag wants a name, as in tag:team");
  throw new QueryError(where, `${JSON.stringify(name)} is no dimension${meant(name, dimensionNames)}`);
}

/** The rest of a fault: what was probably meant, else all that can be. */
export function meant(word: string, candidates: readonly string[]): string {
  const near = nearest(word, candidates);
  return near === undefined ? `; there are ${candidates.join(", ")}` : `; did you mean ${near}?`;
}

/** A list as values of a filter are: parted by commas, `\` before one that is none. Nothing between two is nothing. */
export function parseList(text: string): readonly string[] {
  return split(lettersOf(text))
    .map((part) => plain(trimmed(part)))
    .filter((part) => part !== "");
}

export function formatList(texts: readonly string[]): string {
  return texts.map(escaped).join(",");
}

function escaped(text: string): string {
  return text.replace(/[\\,]|^\s|\s$/g, "\\$&");
}

function formatValue(value: string | null): string {
  if (value === null) return "null";
  return value === "null" ? "\\null" : escaped(value);
}

function lettersOf(text: string): readonly Letter[] {
  const letters: Letter[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const isEscaped = text[at] === "\\" && at + 1 < text.length;
    if (isEscaped) at += 1;
    letters.push({ text: text[at] ?? "", isEscaped });
  }
  return letters;
}

function isAt(letters: readonly Letter[], at: number, sign: string): boolean {
  return sign.split("").every((character, offset) => {
    const letter = letters[at + offset];
    return letter !== undefined && !letter.isEscaped && letter.text === character;
  });
}

function split(letters: readonly Letter[]): readonly (readonly Letter[])[] {
  const parts: Letter[][] = [[]];
  for (const letter of letters) {
    if (letter.text === "," && !letter.isEscaped) parts.push([]);
    else parts.at(-1)?.push(letter);
  }
  return parts;
}

function valueOf(letters: readonly Letter[]): string | null {
  const value = trimmed(letters);
  return plain(value) === "null" && value.every(({ isEscaped }) => !isEscaped) ? null : plain(value);
}

function trimmed(letters: readonly Letter[]): readonly Letter[] {
  const counts = ({ text, isEscaped }: Letter): boolean => isEscaped || text.trim() !== "";
  const first = letters.findIndex(counts);
  return first < 0 ? [] : letters.slice(first, letters.findLastIndex(counts) + 1);
}

function plain(letters: readonly Letter[]): string {
  return letters.map(({ text }) => text).join("");
}
