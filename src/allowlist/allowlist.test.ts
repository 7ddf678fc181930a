import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { parseAllowlist, type AllowRow } from "./allowlist.ts";
import { formatIssues } from "../config/config-issue.ts";

const HEAD = "id,api_key,owner,added";
const CLEAN = `${HEAD}\n1,sk-proj-aaaaaaaaaaaa,ann,2026-02-16\n2,sk-ant-bbbbbbbbbbbb,Zoë,2026-02-17\n`;

function rowsOf(input: string | Uint8Array): readonly AllowRow[] {
  const read = parseAllowlist(input, "list.csv");
  assert.ok("rows" in read, "issues" in read ? formatIssues(read.issues).join("\n") : "");
  return read.rows;
}

function issuesOf(input: string | Uint8Array): readonly string[] {
  const read = parseAllowlist(input, "list.csv");
  assert.ok("issues" in read, "the list was accepted");
  return formatIssues(read.issues, 1000);
}

/** Everything of a row except its position. */
function essence(rows: readonly AllowRow[]): unknown {
  return rows.map(({ id, owner, added, digest, disabled, expiresAt }) => ({
    id,
    owner,
    added,
    digest: digest.toString("hex"),
    disabled,
    expiresAt,
  }));
}

test("a row gives its id, owner, the digest of its key and no key", () => {
  const [row] = rowsOf(CLEAN);
  assert.ok(row);
  assert.equal(row.id, "1");
  assert.equal(row.owner, "ann");
  assert.equal(row.digest.toString("hex"), createHash("sha256").update("sk-proj-aaaaaaaaaaaa").digest("hex"));
  assert.equal(row.masked, "…aaaaaa");
  assert.ok(!JSON.stringify(row).includes("sk-proj"));
});

const SAME_LIST: Readonly<Record<string, string>> = {
  "a byte order mark": `\ufeff${CLEAN}`,
  "CRLF line ends": CLEAN.replaceAll("\n", "\r\n"),
  "CR line ends": CLEAN.replaceAll("\n", "\r"),
  "no end of the last line": CLEAN.trimEnd(),
  "blank lines anywhere": `\n\n${CLEAN.replaceAll("\n", "\n\n")}\n \n\t\n`,
  "comment lines": `# keys\n${CLEAN.replace("\n2", "\n# 3,sk-old-key-of-old,x,y\n  # note\n2")}# "end\n`,
  "spaces around cells": CLEAN.replaceAll(",", " ,\t "),
  "quotes around cells": CLEAN.replaceAll(/[^,\n]+/g, '"$&"'),
  "another order of columns": `added,owner,id,api_key\n2026-02-16,ann,1,sk-proj-aaaaaaaaaaaa\n2026-02-17,Zoë,2,sk-ant-bbbbbbbbbbbb\n`,
  "columns of one's own": CLEAN.replace("added\n", "added,team,note\n").replaceAll(/(\d\d)\n/g, '$1,t,"a, note"\n'),
  "empty columns of its own kind": CLEAN.replace("added\n", "added,disabled,expires_at,rpm\n").replaceAll(
    /-1(\d)\n/g,
    "-1$1,false,,\n",
  ),
  "rows that leave out optional cells": CLEAN.replace("added\n", "added,disabled,expires_at\n"),
  "rows of commas alone": `${CLEAN},,,\n`,
};

for (const [what, text] of Object.entries(SAME_LIST)) {
  test(`R76: with ${what} the list is the same as the clean one`, () => {
    assert.deepEqual(essence(rowsOf(text)), essence(rowsOf(CLEAN)));
    assert.deepEqual(essence(rowsOf(Buffer.from(text))), essence(rowsOf(CLEAN)));
  });
}

test("R76: commas, quotes and line breaks in a quoted owner are part of the owner", () => {
  const [row] = rowsOf(`${HEAD}\n1,sk-proj-aaaaaaaaaaaa,"Smith, ""Al""\nLondon",x\n`);
  assert.equal(row?.owner, 'Smith, "Al"\nLondon');
  assert.deepEqual([row?.line, row?.endLine], [2, 3]);
});

test("R76: spaces inside the quotes of a key are rejected, not trimmed", () => {
  assert.deepEqual(issuesOf(`${HEAD}\n1," sk-proj-aaaaaaaaaaaa",ann,x\n`), [
    "list.csv:2 api_key: contains a space, a tab or a line break",
  ]);
});

test("R73: a list without a header, with a part of it, empty, or with the header alone is invalid", () => {
  assert.deepEqual(issuesOf(""), ["list.csv:1: the file is empty (begin it with the header id,api_key,owner,added)"]);
  assert.match(issuesOf(`${HEAD}\n`)[0] ?? "", /^list\.csv:1: the list contains no keys.*lmgate keys add/);
  assert.match(issuesOf(`# only a comment\n${HEAD}\n# another\n`)[0] ?? "", /^list\.csv:2: the list contains no keys/);
  assert.deepEqual(issuesOf("id,api_key,owner\n1,sk-proj-aaaaaaaaaaaa,ann\n"), [
    "list.csv:1 added: this required column is missing from the header",
  ]);
  assert.deepEqual(issuesOf("1,sk-proj-aaaaaaaaaaaa,ann,2026-01-01\n"), [
    "list.csv:1: the first line must be the header id,api_key,owner,added",
  ]);
});

test("R73: bytes that are not text are invalid, and the error names the line", () => {
  assert.deepEqual(issuesOf(Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1])), [
    "list.csv:1: the file contains NUL bytes; it is not text",
  ]);
  const broken = Buffer.concat([Buffer.from(CLEAN), Buffer.from([0xff, 0xfe, 0x0a])]);
  assert.deepEqual(issuesOf(broken), ["list.csv:4: the file is not valid UTF-8"]);
  assert.deepEqual(issuesOf(Buffer.from(`\ufeff${CLEAN}`, "utf16le")), [
    "list.csv:1: the file is UTF-16; save it as UTF-8",
  ]);
});

test("R74: a repeated key is an error that names both lines, whatever the ids", () => {
  const twice = `${CLEAN}3,sk-proj-aaaaaaaaaaaa,eve,x\n`;
  assert.deepEqual(issuesOf(twice), ["list.csv:4 api_key: the same key as on line 2"]);
  assert.deepEqual(issuesOf(twice.replace("\n3,", "\n1,")).length, 2);
});

test("R74: a key and its digest are the same key", () => {
  const hex = createHash("sha256").update("sk-ant-bbbbbbbbbbbb").digest("hex");
  assert.deepEqual(issuesOf(`${CLEAN}3,sha256:${hex},eve,x\n`), ["list.csv:4 api_key: the same key as on line 3"]);
});

test("R75: an id may have several keys while all but one of them expire", () => {
  const rotation = `${HEAD},expires_at\n1,sk-proj-aaaaaaaaaaaa,ann,x,2026-12-31\n1,sk-proj-bbbbbbbbbbbb,ann,x,\n`;
  assert.equal(rowsOf(rotation).length, 2);
  assert.deepEqual(issuesOf(rotation.replace("2026-12-31", "")), [
    "list.csv:3 id: the same id as on line 2; two keys may share an id only if all but one have an expires_at",
  ]);
});

test("R77: an invalid key is rejected with its line and column, and never shown", () => {
  for (const key of [
    "",
    "x",
    '"sk with spaces in"',
    "*",
    "null",
    "__proto__",
    "constructor",
    `sk-${"k".repeat(10_240)}`,
  ]) {
    const issues = issuesOf(`${CLEAN}3,${key},eve,x\n`);
    assert.equal(issues.length, 1, key);
    assert.match(issues[0] ?? "", /^list\.csv:4 api_key: /);
    if (key.length > 10) assert.ok(!issues[0]?.includes(key.replaceAll('"', "")), key);
  }
});

test("disabled takes true, false or nothing, in any case", () => {
  const text = (value: string): string => `${HEAD},disabled\n1,sk-proj-aaaaaaaaaaaa,ann,x,${value}\n`;
  for (const [value, expected] of [
    ["true", true],
    ["TRUE", true],
    ["False", false],
    ["", false],
  ] as const) {
    assert.equal(rowsOf(text(value))[0]?.disabled, expected, value);
  }
  for (const value of ["yes", "1", "off"]) {
    assert.deepEqual(issuesOf(text(value)), ["list.csv:2 disabled: use true, false or nothing"]);
  }
});

test("expires_at takes a date or a time", () => {
  const text = (value: string): string => `${HEAD},expires_at\n1,sk-proj-aaaaaaaaaaaa,ann,x,${value}\n`;
  assert.equal(rowsOf(text("2026-12-31"))[0]?.expiresAt, Date.UTC(2027, 0, 1));
  assert.match(issuesOf(text("soon"))[0] ?? "", /^list\.csv:2 expires_at: use/);
});

test("a filled cell of a reserved column is an error, an empty one is not", () => {
  for (const column of [
    "providers",
    "models",
    "rpm",
    "tpm",
    "max_concurrent",
    "allowed_ips",
    "upstream_key",
    "budget_daily_usd",
    "budget",
  ]) {
    assert.equal(rowsOf(`${HEAD},${column}\n1,sk-proj-aaaaaaaaaaaa,ann,x,\n`).length, 1, column);
    assert.deepEqual(issuesOf(`${HEAD},${column}\n1,sk-proj-aaaaaaaaaaaa,ann,x,5\n`), [
      `list.csv:2 ${column}: this column is reserved and not enforced by this version; leave it empty`,
    ]);
  }
});

test("a column with nearly a known name is an error that suggests that name", () => {
  const pairs = {
    Disabled: "disabled",
    disable: "disabled",
    "expires-at": "expires_at",
    expires: "expires_at",
    expiry: "expires_at",
    enabled: "disabled",
    model: "models",
    RPM: "rpm",
    api_keys: "api_key",
  };
  for (const [column, meant] of Object.entries(pairs)) {
    assert.deepEqual(issuesOf(`${HEAD},${column}\n1,sk-proj-aaaaaaaaaaaa,ann,x,\n`), [
      `list.csv:1 ${column}: unknown column; did you mean "${meant}"?`,
    ]);
  }
  assert.deepEqual(issuesOf("id,apikey,owner,added\n1,sk-proj-aaaaaaaaaaaa,ann,x\n"), [
    'list.csv:1 apikey: unknown column; did you mean "api_key"?',
  ]);
});

test("an operator's own columns are ignored", () => {
  for (const column of ["team", "note", "email", "label", "cost_center", "name", "", "x"]) {
    assert.equal(rowsOf(`${HEAD},${column}\n1,sk-proj-aaaaaaaaaaaa,ann,x,whatever\n`).length, 1, column);
  }
});

test("a column that is named twice is an error", () => {
  assert.deepEqual(issuesOf(`${HEAD},id\n1,sk-proj-aaaaaaaaaaaa,ann,x,2\n`), [
    "list.csv:1 id: the header names this column twice",
  ]);
});

test("a row with too many or too few cells is an error", () => {
  assert.match(
    issuesOf(`${HEAD}\n1,sk-proj-aaaaaaaaaaaa,Smith, Al,x\n`)[0] ?? "",
    /^list\.csv:2: 5 cells where the header has 4/,
  );
  assert.match(
    issuesOf(`${HEAD}\n1,sk-proj-aaaaaaaaaaaa,ann\n`)[0] ?? "",
    /^list\.csv:2 added: the row ends before this column/,
  );
});

test("an id is required and must not contain a control character", () => {
  assert.deepEqual(issuesOf(`${HEAD}\n,sk-proj-aaaaaaaaaaaa,ann,x\n`), ["list.csv:2 id: empty"]);
  assert.deepEqual(issuesOf(`${HEAD}\na\u001bb,sk-proj-aaaaaaaaaaaa,ann,x\n`), [
    "list.csv:2 id: contains a control character",
  ]);
  assert.equal(issuesOf(`${HEAD}\n${"i".repeat(201)},sk-proj-aaaaaaaaaaaa,ann,x\n`).length, 1);
});

test("all issues of a list are reported together, in the order of its lines", () => {
  const issues = issuesOf(
    `${HEAD},disabled\n1,x,ann,d,maybe\n2,sk-proj-aaaaaaaaaaaa,bob,d\n2,sk-proj-aaaaaaaaaaaa,bob,d\n,null,eve,d\n`,
  );
  assert.deepEqual(
    issues.map((issue) => issue.slice(0, issue.indexOf(": "))),
    [
      "list.csv:2 api_key",
      "list.csv:2 disabled",
      "list.csv:4 api_key",
      "list.csv:4 id",
      "list.csv:5 id",
      "list.csv:5 api_key",
    ],
  );
});

test("a long list of issues is cut and says how many more there are", () => {
  const rows = Array.from({ length: 50 }, (_, index) => `${index},x,ann,d\n`).join("");
  const read = parseAllowlist(`${HEAD}\n${rows}`, "list.csv");
  assert.ok("issues" in read);
  const lines = formatIssues(read.issues);
  assert.equal(lines.length, 21);
  assert.equal(lines.at(-1), "… and 30 more");
});

test("with allowEmpty a list may have no rows", () => {
  assert.deepEqual(parseAllowlist(`${HEAD}\n`, "list.csv", { allowEmpty: true }), { rows: [] });
});

test("a key given as a digest is shown as one", () => {
  const hex = createHash("sha256").update("whatever-key").digest("hex");
  assert.equal(rowsOf(`${HEAD}\n1,sha256:${hex},ann,x\n`)[0]?.masked, `sha256:${hex.slice(0, 6)}…`);
});
