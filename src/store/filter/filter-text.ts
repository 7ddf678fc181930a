import { nearest } from "../../core/did-you-mean.ts";
import { dimensionNames, isDimension, type Dimension } from "../schema/dimensions.ts";
import { QueryError } from "../schema/query-error.ts";
import type { Filter } from "../schema/query.ts";
import { checkFilter } from "./match-filter.ts";

// Filters as text. One grammar for the API, the command line and the dashboard, in three notations:
//
//   filter      model=gpt-4o,gpt-5   status>=400   owner!=null   tag:team=core      API, command line
//   condition   gpt-4o,gpt-5         >=400         !null         core               address bar, after `f.<dimension>=`
//   search      model:gpt-4o,gpt-5   status:>=400  owner:!null   tag:team:core      typed into the dashboard
//
// `\` takes the next character literally: a comma in a value, a sign in a tag's name, a value that is the word null.

type Op = Filter["op"];

/** The first match counts, so `!=`, `>=` and `<=` come before `=`. */
const SIGNS: readonly (readonly [sign: string, op: Op])[] = [
  ["!=", "is_not"],
  [">=", "gte"],
  ["<=", "lte"],
  ["=", "is"],
];

const CONDITION_SIGNS: readonly (readonly [sign: string, op: Op])[] = [
  ["!", "is_not"],
  [">=", "gte"],
  ["<=", "lte"],
];

const MAX_VALUES = 100;
const MAX_LENGTH = 10_000;

interface Letter {
  readonly text: string;
  readonly isEscaped: boolean;
}

/** `status>=400`. Throws a `QueryError` that says what is wrong with the text. */
export function parseFilter(text: string): Filter {
  const letters = lettersOf(text);
  for (let at = 0; at < letters.length; at += 1) {
    const found = SIGNS.find(([sign]) => isAt(letters, at, sign));
    if (found === undefined) continue;
    const [sign, op] = found;
    const dimension = parseDimension(plain(trimmed(letters.slice(0, at))), "filter");
    return filterOf(dimension, op, letters.slice(at + sign.length));
  }
  throw new QueryError("filter", `${JSON.stringify(text)} has no operator; use =, !=, >= or <=, as in status>=400`);
}

export function formatFilter({ dimension, op, values }: Filter): string {
  const sign = SIGNS.find(([, name]) => name === op)?.[0] ?? "=";
  return `${dimension.replace(/[\\=!<>]|^\s|\s$/g, "\\$&")}${sign}${formatValues(values)}`;
}

/** `>=400` for the dimension `status`. Throws a `QueryError` for a text that is too long or has too many values. */
export function parseCondition(dimension: Dimension, text: string): Filter {
  const letters = lettersOf(text);
  const found = CONDITION_SIGNS.find(([sign]) => isAt(letters, 0, sign));
  return found === undefined
    ? filterOf(dimension, "is", letters)
    : filterOf(dimension, found[1], letters.slice(found[0].length));
}

export function formatCondition({ op, values }: Filter): string {
  const text = formatValues(values);
  const sign = CONDITION_SIGNS.find(([, name]) => name === op)?.[0];
  // Without the escape, a value that begins with a sign would be read as the sign.
  return sign === undefined ? text.replace(/^(?=[!<>])/, "\\") : `${sign}${text}`;
}

/** `status:>=400`, or the notation of `parseFilter`. Throws a `QueryError` where no query would take the filter. */
export function parseSearch(text: string): Filter {
  const [, name = "", condition] = /^\s*((?:tag:)?[\w-]+):=?(.+)$/s.exec(text) ?? [];
  const isCondition = condition !== undefined && isDimension(name);
  const filter = isCondition ? parseCondition(name, condition) : parseFilter(text);
  checkFilter(filter);
  return filter;
}

/** `where` is the parameter that the error names. */
export function parseDimension(name: string, where: string): Dimension {
  if (isDimension(name)) return name;
  if (name === "tag:" || name === "tag") throw new QueryError(where, "tag needs a name, as in tag:team");
  throw new QueryError(where, `unknown dimension ${JSON.stringify(name)}${suggestion(name, dimensionNames)}`);
}

/** The end of an error message: the candidate that was probably meant, else all of them. */
export function suggestion(word: string, candidates: readonly string[]): string {
  const near = nearest(word, candidates);
  return near === undefined ? `; use one of ${candidates.join(", ")}` : `; did you mean ${near}?`;
}

/** A comma-separated list with the escapes of a filter's values. Empty items are left out. */
export function parseList(text: string): readonly string[] {
  return split(lettersOf(text))
    .map((part) => plain(trimmed(part)))
    .filter((part) => part !== "");
}

export function formatList(texts: readonly string[]): string {
  return texts.map(escaped).join(",");
}

function filterOf(dimension: Dimension, op: Op, letters: readonly Letter[]): Filter {
  const values = split(letters).map(valueOf);
  if (values.length > MAX_VALUES) {
    throw new QueryError("filter", `${dimension} has ${values.length} values; the maximum is ${MAX_VALUES}`);
  }
  return { dimension, op, values };
}

function formatValues(values: Filter["values"]): string {
  return values.map((value) => (value === null ? "null" : value === "null" ? "\\null" : escaped(value))).join(",");
}

function escaped(text: string): string {
  return text.replace(/[\\,]|^\s|\s$/g, "\\$&");
}

function lettersOf(text: string): readonly Letter[] {
  if (text.length > MAX_LENGTH) throw new QueryError("filter", `is longer than ${MAX_LENGTH} characters`);
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
