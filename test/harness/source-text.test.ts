import assert from "node:assert/strict";
import { test } from "node:test";
import { identifierWords, textParts } from "./source-text.ts";

const values = (source: string, kind: string): readonly string[] =>
  textParts(source)
    .filter((part) => part.kind === kind)
    .map((part) => part.value);

test("comments, strings and identifiers are told apart, with their lines", () => {
  const source = 'const a = "b // c"; // d\n/* e\n f */ g();';
  assert.deepEqual(
    textParts(source).map(({ kind, value, line }) => `${line} ${kind} ${value}`),
    [
      "1 identifier const",
      "1 identifier a",
      '1 text "b // c"',
      "1 comment // d",
      "2 comment /* e\n f */",
      "3 identifier g",
    ],
  );
});

test("templates are texts, and what is between their braces is code", () => {
  assert.deepEqual(values("x(`a ${b(`c ${{ d }}`)} e`)", "text"), ["`a ${", "`c ${", "}`", "} e`"]);
  assert.deepEqual(values("x(`a ${b(`c ${{ d }}`)} e`)", "identifier"), ["x", "b", "d"]);
});

test("quotes in a regular expression open no string, and a division is none", () => {
  assert.deepEqual(values('const a = /["`/]\\//.test(b); c = d / e; f("g");', "text"), ['"g"']);
});

test("an apostrophe in markup opens no string", () => {
  assert.deepEqual(values('<p>LMGate\'s port</p>;\nf("g");', "text").at(-1), '"g"');
});

test("identifiers are split into their words", () => {
  assert.deepEqual(identifierWords("toJSONRequestRecord2"), ["to", "json", "request", "record", "2"]);
  assert.deepEqual(identifierWords("MAX_OPEN_FILES"), ["max", "open", "files"]);
});
