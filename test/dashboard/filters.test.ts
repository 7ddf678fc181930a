import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { filterFromParam, filterFromSearch, toggleFilter } from "../../dashboard/src/data/filters.ts";
import { formatCondition, formatFilter } from "../../src/store/filter/filter-text.ts";
import type { Filter } from "../../src/admin/api/contract.ts";

test("filters in the address and for the API read the same", () => {
  const rows: readonly (readonly [Filter, string, string])[] = [
    [{ dimension: "owner", op: "is", values: ["anna", "ben"] }, "anna,ben", "owner=anna,ben"],
    [{ dimension: "model", op: "is_not", values: ["gpt-5"] }, "!gpt-5", "model!=gpt-5"],
    [{ dimension: "status", op: "gte", values: ["400"] }, ">=400", "status>=400"],
    [{ dimension: "error_type", op: "is_not", values: [null] }, "!null", "error_type!=null"],
    [{ dimension: "owner", op: "is", values: ["null"] }, "\\null", "owner=\\null"],
    [{ dimension: "tag:team", op: "is", values: ["a,b\\c"] }, "a\\,b\\\\c", "tag:team=a\\,b\\\\c"],
    [{ dimension: "owner", op: "is", values: ["!loud"] }, "\\!loud", "owner=!loud"],
  ];
  for (const [filter, parameter, api] of rows) {
    assert.equal(formatCondition(filter), parameter);
    assert.equal(formatFilter(filter), api);
  }
});

test("every filter survives the address unchanged", () => {
  const value = fc.oneof(
    fc.constant(null),
    fc.string(),
    fc.constantFrom("null", "!x", ">=1", "<", "\\", ",", "\\,", "!null", ""),
  );
  const filter = fc.record(
    {
      dimension: fc.constantFrom("owner", "status", "tag:team" as const),
      op: fc.constantFrom("is", "is_not", "gte", "lte"),
      values: fc.array(value, { minLength: 1, maxLength: 4 }),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(filter, (one: Filter) => {
      assert.deepEqual(filterFromParam(one.dimension, formatCondition(one)), one);
    }),
  );
});

test("a filter can be typed as name, colon and condition, or as the API writes it", () => {
  for (const [text, filter] of [
    ["model:gpt-5", { dimension: "model", op: "is", values: ["gpt-5"] }],
    ["owner:!anna, ben", { dimension: "owner", op: "is_not", values: ["anna", "ben"] }],
    ["status:>=400", { dimension: "status", op: "gte", values: ["400"] }],
    ["tag:team:core", { dimension: "tag:team", op: "is", values: ["core"] }],
    ["error_type:null", { dimension: "error_type", op: "is", values: [null] }],
    ["owner:\\null,a\\,b", { dimension: "owner", op: "is", values: ["null", "a,b"] }],
    ["status>=400", { dimension: "status", op: "gte", values: ["400"] }],
  ] as const) {
    assert.deepEqual(filterFromSearch(text), filter, text);
  }
  for (const text of ["", "model", "model:", "modle:x", "owner:>=1", "status:x", "constructor:x"]) {
    assert.equal(filterFromSearch(text), undefined, text);
  }
});

test("a name that is not a dimension is not a filter", () => {
  assert.equal(filterFromParam("nonsense", "x"), undefined);
  assert.equal(filterFromParam("tag:", "x"), undefined);
  assert.equal(filterFromParam("constructor", "x"), undefined);
});

test("a second click on a value removes its filter, and a click on another value replaces it", () => {
  const other: Filter = { dimension: "model", op: "is_not", values: ["gpt-5"] };
  const once = toggleFilter([other], "owner", "anna");
  assert.deepEqual(once, [other, { dimension: "owner", op: "is", values: ["anna"] }]);
  assert.deepEqual(toggleFilter(once, "owner", "ben"), [other, { dimension: "owner", op: "is", values: ["ben"] }]);
  assert.deepEqual(toggleFilter(once, "owner", "anna"), [other]);
});
