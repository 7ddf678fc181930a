import assert from "node:assert/strict";
import { test } from "node:test";
import { pad, textTable, truncate, type Column } from "./text-table.ts";

const COLUMNS: readonly Column[] = [
  { heading: "OWNER", align: "left" },
  { heading: "COST", align: "right" },
];

test("columns are aligned, without trailing spaces", () => {
  const rows = [
    ["anna", "$12.00"],
    ["bo", "$2.00"],
  ];
  assert.deepEqual(textTable(COLUMNS, rows), ["OWNER    COST", "anna   $12.00", "bo      $2.00"]);
  const [left] = COLUMNS;
  assert.ok(left);
  assert.deepEqual(textTable([left], [["x"]]), ["OWNER", "x"]);
});

test("a row of totals is separated by a rule as wide as the table", () => {
  assert.deepEqual(textTable(COLUMNS, [["anna", "$2.00"]], ["total", "$2.00"]), [
    "OWNER   COST",
    "anna   $2.00",
    "------------",
    "total  $2.00",
  ]);
});

test("East Asian characters and emoji take two columns, combining characters none", () => {
  const rows = [
    ["日本支社", "$1.00"],
    ["anna", "$2.00"],
    ["👩‍💻 dev", "$3.00"],
    ["Zoe\u0308", "$4.00"],
  ];
  assert.deepEqual(textTable(COLUMNS, rows, ["total", "$10.00"]), [
    "OWNER       COST",
    "日本支社   $1.00",
    "anna       $2.00",
    "👩‍💻 dev     $3.00",
    "Zoe\u0308        $4.00",
    "----------------",
    "total     $10.00",
  ]);
});

test("a missing cell is empty", () => {
  assert.deepEqual(textTable(COLUMNS, [["anna"]]), ["OWNER  COST", "anna"]);
});

test("text is truncated and padded by its width on the terminal, never within a character", () => {
  assert.equal(truncate("日本支社", 8), "日本支社");
  assert.equal(truncate("日本支社", 7), "日本支…");
  assert.equal(truncate("日本支社", 6), "日本…");
  assert.equal(truncate("a👩‍💻b", 3), "a…");
  assert.equal(pad("日本", 6), "日本  ");
  assert.equal(pad("日本", 6, "right"), "  日本");
  assert.equal(pad("too long", 3), "too long");
});
