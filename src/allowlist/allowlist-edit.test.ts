import assert from "node:assert/strict";
import { test } from "node:test";
import { appendRow, changeRows, nextId, removeRows } from "./allowlist-edit.ts";
import { parseAllowlist } from "./allowlist.ts";
import type { RowLines } from "./allowlist-edit.ts";

const LIST = `# our keys
id,api_key,owner,added,team
1,sk-proj-aaaaaaaaaaaa,"Smith, Al",2026-01-01,red

# bob left
2,sk-proj-bbbbbbbbbbbb,"Bob
Jones",2026-01-02,
3,sk-proj-cccccccccccc,eve,2026-01-03,blue
`;

const ROW = { id: "4", api_key: "sk-proj-dddddddddddd", owner: "dan", added: "2026-01-04" };

function rowsOf(text: string): readonly { id: string; line: number; endLine: number; disabled: boolean }[] {
  const read = parseAllowlist(text, "list.csv");
  assert.ok("rows" in read, JSON.stringify(read));
  return read.rows.map(({ id, line, endLine, disabled }) => ({ id, line, endLine, disabled }));
}

function linesOf(id: string): { line: number; endLine: number }[] {
  return rowsOf(LIST).filter((row) => row.id === id);
}

test("a new row is written under the others, and nothing else changes", () => {
  assert.equal(appendRow(LIST, ROW), `${LIST}4,sk-proj-dddddddddddd,dan,2026-01-04,\n`);
});

test("a new row follows the file's order of columns and its line ends", () => {
  const text = "added,owner,api_key,id\r\n2026-01-01,ann,sk-proj-aaaaaaaaaaaa,1\r\n";
  assert.equal(appendRow(text, ROW), `${text}2026-01-04,dan,sk-proj-dddddddddddd,4\r\n`);
});

test("a last line without an end gets one first", () => {
  const text = "id,api_key,owner,added\n1,sk-proj-aaaaaaaaaaaa,ann,x";
  assert.equal(appendRow(text, ROW), `${text}\n4,sk-proj-dddddddddddd,dan,2026-01-04\n`);
  assert.equal(
    appendRow("id,api_key,owner,added", ROW),
    "id,api_key,owner,added\n4,sk-proj-dddddddddddd,dan,2026-01-04\n",
  );
});

test("an expiry adds the column where it is missing, and the other rows stay valid", () => {
  const text = appendRow(LIST, { ...ROW, expires_at: "2027-01-01" });
  assert.match(text, /^id,api_key,owner,added,team,expires_at$/m);
  assert.match(text, /^4,sk-proj-dddddddddddd,dan,2026-01-04,,2027-01-01$/m);
  assert.deepEqual(
    rowsOf(text).map((row) => row.id),
    ["1", "2", "3", "4"],
  );
});

test("cells are quoted where they must be and read back as they were", () => {
  for (const owner of ["a,b", 'say "hi"', " spaced ", "two\nlines", "plain", "a # b", ""]) {
    const read = parseAllowlist(appendRow(LIST, { ...ROW, id: "#4", owner }), "list.csv");
    assert.ok("rows" in read);
    assert.deepEqual([read.rows.at(-1)?.id, read.rows.at(-1)?.owner], ["#4", owner]);
  }
});

test("a byte order mark stays", () => {
  assert.ok(appendRow(`\ufeff${LIST}`, ROW).startsWith("\ufeff# our keys\n"));
});

test("a removed row takes its lines with it and leaves the comments", () => {
  assert.equal(removeRows(LIST, linesOf("2")), LIST.replace('2,sk-proj-bbbbbbbbbbbb,"Bob\nJones",2026-01-02,\n', ""));
  assert.equal(removeRows(LIST, [...linesOf("1"), ...linesOf("3")]).split("\n").length, LIST.split("\n").length - 2);
});

const shut = (text: string, rows: readonly RowLines[]): string => changeRows(text, rows, { disabled: "true" });

test("a disabled row keeps its other cells", () => {
  const text = shut(LIST, linesOf("2"));
  assert.match(text, /^id,api_key,owner,added,team,disabled$/m);
  assert.match(text, /^Jones",2026-01-02,,true$/m);
  assert.deepEqual(
    rowsOf(text).map((row) => row.disabled),
    [false, true, false],
  );
  const again = shut(
    text,
    rowsOf(text).filter((row) => row.id === "3"),
  );
  assert.deepEqual(
    rowsOf(again).map((row) => row.disabled),
    [false, true, true],
  );
});

test("the next id is one above the highest number", () => {
  assert.equal(nextId(["1", "7", "ann", "x9"]), "8");
  assert.equal(nextId([]), "1");
  assert.equal(nextId(["ann"]), "1");
});
