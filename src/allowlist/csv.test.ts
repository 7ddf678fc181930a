import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readCsv, readQuoted } from "./csv.ts";

function cellsOf(text: string): readonly (readonly string[])[] {
  const read = readCsv(text);
  assert.ok("records" in read, JSON.stringify(read));
  return read.records.map((record) => record.cells);
}

test("lines end in LF, CRLF or CR, mixed in one file", () => {
  assert.deepEqual(cellsOf("a,b\n1,2\r\n3,4\r5,6"), [
    ["a", "b"],
    ["1", "2"],
    ["3", "4"],
    ["5", "6"],
  ]);
  assert.deepEqual(cellsOf('a,b\n1,"2"\r\n3,4\r5,6'), [
    ["a", "b"],
    ["1", "2"],
    ["3", "4"],
    ["5", "6"],
  ]);
});

test("blank lines and comment lines are skipped, a # inside a cell is not a comment", () => {
  assert.deepEqual(cellsOf("# head\n\n  # indented\na,b\n   \n1,x#y\n"), [
    ["a", "b"],
    ["1", "x#y"],
  ]);
  assert.deepEqual(cellsOf('# "head\n\na,b\n1,"x#y"\n'), [
    ["a", "b"],
    ["1", "x#y"],
  ]);
});

test("quoted cells hold commas, line breaks, doubled quotes and their own spaces", () => {
  assert.deepEqual(cellsOf('"a,b","c""d","e\nf"," g "\n'), [["a,b", 'c"d', "e\nf", " g "]]);
});

test("a record knows its lines, after comments, blank lines and line breaks in quotes", () => {
  for (const eol of ["\n", "\r\n", "\r"]) {
    const text = ["# one", "id,owner", "", '1,"x', 'y"', "# six", '2,"p', "q", 'r"', "3,z"].join(eol);
    const read = readCsv(text);
    assert.ok("records" in read);
    assert.deepEqual(
      read.records.map(({ line, endLine }) => [line, endLine]),
      [
        [2, 2],
        [4, 5],
        [7, 9],
        [10, 10],
      ],
      JSON.stringify(eol),
    );
  }
});

test("a broken quote is reported with its line and without its content", () => {
  const cases: readonly (readonly [string, number])[] = [
    ['a,b\n# "comment\n1,"sk-secret\n2,x\n3,y\n', 3],
    ['a,b\n1,x\n2,sk-"secret\n', 3],
    ['a,b\n1,"sk"-secret\n', 2],
  ];
  for (const [text, line] of cases) {
    const read = readCsv(text);
    assert.ok(!("records" in read), text);
    assert.equal(read.line, line, text);
    assert.ok(!read.message.includes("sk"), read.message);
  }
});

test("plain text is split as the CSV parser would split it", () => {
  const cell = fc.string({ unit: fc.constantFrom("a", "B", "7", "-", "#", " ", "\t", "é", ";", "'") });
  const line = fc.array(cell, { minLength: 1, maxLength: 4 }).map((cells) => cells.join(","));
  const text = fc
    .array(fc.tuple(line, fc.constantFrom("\n", "\r\n", "\r", "\n\n")), { maxLength: 8 })
    .map((lines) => lines.flat().join(""));
  fc.assert(fc.property(text, (plain) => assert.deepEqual(readCsv(plain), readQuoted(plain))));
});
