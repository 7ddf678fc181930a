// A single field can keep a regular expression with backtracking busy for minutes. This test takes every regular expression
// out of the source and runs it on long strings made of what it matches.
import assert from "node:assert/strict";
import { test } from "node:test";

import { readSourceFiles } from "../harness/source-file.ts";

const LENGTH = 65_536;
/** Finds every character of its text, one after the other. */
const REFERENCE = /[^A-Z0-9]/g;
const REFERENCE_TEXT = "a".repeat(LENGTH);
/** An expression that tries the text again from each of its characters takes hundreds of times as long. */
const MAX_RATIO = 30;
/** The lowest figure counts, because other programs can only add to it. */
const ATTEMPTS = 10;

/** A literal may begin where a value may begin: after these characters, or after `return`. */
const LITERAL =
  /(?:[(=,:[!&|?{};+]|\breturn|=>)\s*(\/(?![*/ ])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[dgimsuvy]*)/g;

/**
 * These backtrack, but they only read what the operator wrote: a configuration of at most 32 KB, a line of the allow-list,
 * a number from the database.
 */
const OPERATORS_OWN: ReadonlySet<string> = new Set([
  String.raw`src/allowlist/allowlist-edit.ts: /[ \t]*([\r\n]*)$/`,
  String.raw`src/allowlist/allowlist-edit.ts: /[\r\n]*$/`,
  String.raw`src/allowlist/allowlist-edit.ts: /[\r\n]+$/`,
  String.raw`src/config/setting-form.ts: /^[^\p{Cc}]*[^\p{Cc}\s][^\p{Cc}]*$/u`,
  String.raw`src/config/upstream-url.ts: /\/+$/`,
  String.raw`src/config/upstream-url.ts: /\/\/[^\s"']*@/g`,
  String.raw`src/store/query/run-sql.ts: /^-?0*\.?0*|\.|0*$/g`,
]);

const MADE_AT_START = [
  "src/usage/dialects/safe-names.ts",
  "src/usage/dialects/text-members.ts",
  "src/usage/endpoints/endpoint.ts",
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

test("S44: no regular expression of the source takes long for 64 KB of what it matches", () => {
  assert.ok(patterns.length > 60, `only ${patterns.length} were found`);
  const slow = patterns.flatMap(({ path, expression }) => {
    const how = OPERATORS_OWN.has(`${path}: ${String(expression)}`) ? undefined : slowness(expression);
    return how === undefined ? [] : [`${path}: ${how}`];
  });
  assert.deepEqual(slow, []);
});

test("S44: no regular expression that is built at the start takes long either", async () => {
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
    await import("../../src/usage/dialects/text-members.ts");
  } finally {
    globalThis.RegExp = Original;
  }
  assert.ok(made.length > 10, `only ${made.length} were made`);
  assert.deepEqual(
    made.flatMap((expression) => slowness(expression) ?? []),
    [],
  );
});

test("S44: no other place in the source builds a regular expression", () => {
  const places = readSourceFiles(["src/**/*.ts"])
    .filter(({ path, text }) => !path.endsWith(".test.ts") && /\bRegExp\(/.test(withoutComments(text)))
    .map(({ path }) => path);
  // Rotation matches the names of its own files. The patterns of the price table come with the package or from the
  // operator's own file.
  assert.deepEqual(places, ["src/ledger/files/rotation.ts", "src/prices/table-row.ts", ...MADE_AT_START]);
});

test("this test finds and notices an exponential regular expression", () => {
  const source = 'const x = text.replace(/a/g, ""); return /^(a+)+[/]$/.test(y) ? 1 / 2 : 3 / 4;';
  const found = [...source.matchAll(LITERAL)].map(([, literal = ""]) => literal);
  assert.deepEqual(found, ["/a/g", "/^(a+)+[/]$/"]);
  assert.ok(ratioToReference(/x*y/, "x".repeat(LENGTH / 4)) > MAX_RATIO);
});

/** Returns the text that keeps the expression busy, if there is one. */
function slowness(expression: RegExp): string | undefined {
  for (const text of hostile(expression)) {
    const ratio = ratioToReference(expression, text);
    if (ratio > MAX_RATIO)
      return `${String(expression)} took ${ratio.toFixed()} times as long as one pass over ${JSON.stringify(text.slice(0, 40))}…`;
  }
  return undefined;
}

/** The expression's own letters and words and some usual ones, repeated, with an end that matches and one that does not. */
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

let reference = Infinity;

function ratioToReference(expression: RegExp, text: string): number {
  if (reference === Infinity) for (let n = 0; n < 100; n++) measureReference();
  let least = cpuMicroseconds(expression, text);
  for (let attempt = 1; attempt < ATTEMPTS && least > MAX_RATIO * reference; attempt++) {
    measureReference();
    least = Math.min(least, cpuMicroseconds(expression, text));
  }
  return least / reference;
}

function measureReference(): void {
  reference = Math.max(1, Math.min(reference, cpuMicroseconds(REFERENCE, REFERENCE_TEXT)));
}

function cpuMicroseconds(expression: RegExp, text: string): number {
  const before = process.cpuUsage();
  if (expression.global) text.replace(expression, "");
  else expression.exec(text);
  expression.lastIndex = 0;
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** Returns `undefined` for text that only looks like a regular expression. */
function toRegExp(literal: string): RegExp | undefined {
  const end = literal.lastIndexOf("/");
  try {
    return new RegExp(literal.slice(1, end), literal.slice(end + 1).replace("y", ""));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Removes whole lines and blocks only, so that what looks like a comment in a string stays. */
function withoutComments(text: string): string {
  return text.replace(/^\s*\/\/.*$/gm, "").replace(/^\s*\/\*\*[^]*?\*\/$/gm, "");
}
