// Every id in a test's title can be looked up: `R53` is a row of docs/test-catalog.md.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readDocument } from "./harness/markdown.ts";
import { readSourceFiles } from "./harness/source-file.ts";

const TITLE = /\b(?:test|describe|it|suite)\(\s*(?:"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`)/g;
const ID = /\b[A-Z]\d{1,3}\b/g;
/** Words of this form that are no ids: two of the dashboard's measures, and RFC 9110's terms. */
const NOT_AN_ID: readonly string[] = ["P50", "P95", "P99"];

const rows = new Set(
  [...readDocument("docs/test-catalog.md").matchAll(/^\| ([A-Z]\d+) +\|/gm)].map((match) => match[1]),
);
const titled = new Map(
  readSourceFiles(["{src,simulator,test}/**/*.test.ts"]).flatMap(({ path, text }) =>
    idsInTitles(text).map((id) => [id, path] as const),
  ),
);

test("every id in a test title has a row in the catalog", () => {
  const missing = [...titled].filter(([id]) => !rows.has(id)).map(([id, path]) => `${id} in ${path}`);
  assert.deepEqual(missing, []);
});

test("every row of the catalog has a test", () => {
  assert.deepEqual(
    [...rows].filter((id) => id !== undefined && !titled.has(id)),
    [],
  );
});

test("ids are found at the start of a title, in lists, in ranges and in templates", () => {
  assert.deepEqual(
    idsInTitles('test("R3, R41: a", f); describe(`S13–S15: ${b}`, g); test("P95 of R2", h);').toSorted(),
    ["R2", "R3", "R41", "S13", "S14", "S15"].toSorted(),
  );
});

function idsInTitles(text: string): readonly string[] {
  const titles = [...text.matchAll(TITLE)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
  return titles.flatMap((title) => [
    ...(title.match(ID) ?? []).filter((id) => !NOT_AN_ID.includes(id)),
    ...[...title.matchAll(/\b([A-Z])(\d{1,3})–\1(\d{1,3})\b/g)].flatMap(([, letter = "", from, to]) =>
      numbersBetween(Number(from), Number(to)).map((number) => `${letter}${number}`),
    ),
  ]);
}

/** The numbers between two others, which are themselves left out. */
function numbersBetween(from: number, to: number): readonly number[] {
  return Array.from({ length: Math.max(0, to - from - 1) }, (_, index) => from + 1 + index);
}
