// A pattern that tries the same characters again and again can be kept busy for minutes by a single field. Every regular expression of
// the source is taken out of it and given long strings made of what it looks for.
import assert from "node:assert/strict";
import { test } from "node:test";

import { readSourceFiles } from "../harness/source-file.ts";

const LENGTH = 65_536;
/** Processor time of this thread alone, so that a busy machine changes nothing. */
const MAX_MICROSECONDS = 5_000;
const ATTEMPTS = 2;

/** A literal stands where a value may begin: behind these, or behind `return`. */
const LITERAL =
  /(?:[(=,:[!&|?{};+]|\breturn|=>)\s*(\/(?![*/ ])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[dgimsuvy]*)/g;

/**
 * They look back at what they have seen, and see only what the operator wrote: a configuration of 32 KB at most, a line of the
 * allow-list, a number out of the database.
 */
const OPERATORS_OWN: ReadonlySet<string> = new Set([
  String.raw`src/allowlist/allowlist-edit.ts: /[ \t]*([\r\n]*)$/`,
  String.raw`src/allowlist/allowlist-edit.ts: /[\r\n]*$/`,
  String.raw`src/allowlist/allowlist-edit.ts: /[\r\n]+$/`,
  String.raw`src/config/setting-form.ts: /^[^\p{Cc}]*[^\p{Cc}\s][^\p{Cc}]*$/u`,
  String.raw`src/config/upstream-url.ts: /\/+$/`,
  String.raw`src/config/upstream-url.ts: /\/\/[^\s"']*@/g`,
  String.raw`src/store/backends/sql/run-sql.ts: /^-?0*\.?0*|\.|0*$/g`,
]);

const MADE_AT_START = [
  "src/usage/dialects/safe-names.ts",
  "src/usage/endpoints/endpoint-table.ts",
  "src/usage/endpoints/endpoint.ts",
  "src/usage/estimate/text-members.ts",
];

interface Pattern {
  readonly path: string;
  readonly expression: RegExp;
}

const patterns: readonly Pattern[] = readSourceFiles(["src/**/*.ts"])
  .filter(({ path }) => !path.endsWith(".test.ts"))
  .flatMap(({ path, text }) =>
    [...withoutComments(text).matchAll(LITERAL)].flatMap(([, literal = ""]) => {
      const expression = toRegExp(literal);
      return expression === undefined ? [] : [{ path, expression }];
    }),
  );

test("S44: no regular expression of the source takes long over 64 KB of what it looks for", () => {
  assert.ok(patterns.length > 60, `only ${patterns.length} were found`);
  const slow = patterns.flatMap(({ path, expression }) => {
    const how = OPERATORS_OWN.has(`${path}: ${String(expression)}`) ? undefined : slowness(expression);
    return how === undefined ? [] : [`${path}: ${how}`];
  });
  assert.deepEqual(slow, []);
});

test("S44: nor does one that is put together from words of the source at the start", async () => {
  const made: RegExp[] = [];
  const Original = globalThis.RegExp;
  globalThis.RegExp = new Proxy(Original, {
    construct(target, args: ConstructorParameters<RegExpConstructor>) {
      const expression = new target(...args);
      made.push(expression);
      return expression;
    },
  });
  try {
    await import("../../src/usage/endpoints/endpoint.ts");
    await import("../../src/usage/endpoints/endpoint-table.ts");
    await import("../../src/usage/dialects/safe-names.ts");
    await import("../../src/usage/estimate/text-members.ts");
  } finally {
    globalThis.RegExp = Original;
  }
  assert.ok(made.length > 10, `only ${made.length} were made`);
  assert.deepEqual(
    made.flatMap((expression) => slowness(expression) ?? []),
    [],
  );
});

test("S44: no other place of the source puts one together", () => {
  const places = readSourceFiles(["src/**/*.ts"])
    .filter(({ path, text }) => !path.endsWith(".test.ts") && /\bRegExp\(/.test(withoutComments(text)))
    .map(({ path }) => path);
  // The price table's patterns come with the package or from the operator's own file.
  assert.deepEqual(places, ["src/prices/table-row.ts", ...MADE_AT_START]);
});

test("what finds patterns and measures them notices one that explodes", () => {
  const source = 'const x = text.replace(/a/g, ""); return /^(a+)+[/]$/.test(y) ? 1 / 2 : 3 / 4;';
  const found = [...source.matchAll(LITERAL)].map(([, literal = ""]) => literal);
  assert.deepEqual(found, ["/a/g", "/^(a+)+[/]$/"]);
  assert.ok(leastMicroseconds(/x*y/, "x".repeat(LENGTH / 4)) > MAX_MICROSECONDS);
});

/** Which text keeps it busy, if one does. */
function slowness(expression: RegExp): string | undefined {
  for (const text of hostile(expression)) {
    const took = leastMicroseconds(expression, text);
    if (took > MAX_MICROSECONDS)
      return `${String(expression)} took ${took} µs over ${JSON.stringify(text.slice(0, 40))}…`;
  }
  return undefined;
}

/** Its own letters, its own words and the usual suspects, repeated, with an end that fits and one that does not. */
function* hostile({ source }: RegExp): Generator<string> {
  const classes = source
    .replace(/\\d/g, "0")
    .replace(/\\s/g, " \t\n")
    .replace(/\\w/g, "a_")
    .replace(/\\x([0-9a-f]{2})/gi, hex);
  const letters = new Set(
    classes
      .replace(/\\(.)/g, "$1")
      .split("")
      .filter((letter) => !"^$*+?()[]{}|".includes(letter)),
  );
  const words = [...classes.matchAll(/[\w:/. -]{2,}/g)].map(([word]) => word);
  const units = new Set([..."a0 \t\n/.,;:=-_%\"'\\\u00e9".split(""), ...letters, ...words]);
  for (const unit of units) {
    const text = unit.repeat(Math.ceil(LENGTH / unit.length)).slice(0, LENGTH);
    yield text;
    yield `${text.slice(0, -1)}\u0001`;
    yield `\u0001${text.slice(0, -2)}!`;
  }
  for (const first of letters) {
    for (const second of [" ", ",", "a", "/"]) if (letters.size < 12) yield (first + second).repeat(LENGTH / 2);
  }
}

function hex(_: string, digits: string): string {
  return String.fromCharCode(Number.parseInt(digits, 16));
}

function leastMicroseconds(expression: RegExp, text: string): number {
  let least = Infinity;
  for (let attempt = 0; attempt < ATTEMPTS && least > MAX_MICROSECONDS; attempt++) {
    const before = process.threadCpuUsage();
    if (expression.global) text.replace(expression, "");
    else expression.exec(text);
    expression.lastIndex = 0;
    const { user, system } = process.threadCpuUsage(before);
    least = Math.min(least, user + system);
  }
  return least;
}

/** `undefined` for what only looks like one, in a text. */
function toRegExp(literal: string): RegExp | undefined {
  const end = literal.lastIndexOf("/");
  try {
    return new RegExp(literal.slice(1, end), literal.slice(end + 1).replace("y", ""));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Whole lines and blocks only: what looks like a comment in a string stays. */
function withoutComments(text: string): string {
  return text.replace(/^\s*\/\/.*$/gm, "").replace(/^\s*\/\*\*[^]*?\*\/$/gm, "");
}
