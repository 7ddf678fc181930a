import assert from "node:assert/strict";
import { test } from "node:test";
import { amountAt, type Fields, countAt, listAt, member, merged, textAt } from "./fields.ts";

test("a counter is a whole number, written as an integer, a float or a string", () => {
  for (const [value, count] of [
    [12, 12],
    [0, 0],
    [6.0, 6],
    ["12", 12],
    ["6.0", 6],
    [2 ** 50, 2 ** 50],
  ] as const) {
    assert.equal(countAt({ n: value }, "n"), count);
  }
});

test("any other counter is unknown", () => {
  for (const value of [
    -1,
    1.5,
    1e308,
    Infinity,
    Number.NaN,
    2 ** 50 + 1,
    2 ** 53,
    "-1",
    "",
    "1e3",
    " 1",
    "1.5",
    null,
    true,
    [],
    {},
    "9".repeat(400),
  ]) {
    assert.equal(countAt({ n: value }, "n"), undefined, JSON.stringify(value));
  }
  assert.equal(countAt(undefined, "n"), undefined);
});

test("an amount may have a fraction", () => {
  assert.deepEqual(
    [amountAt({ n: 0.5 }, "n"), amountAt({ n: "0.5" }, "n"), amountAt({ n: -0.5 }, "n")],
    [0.5, 0.5, undefined],
  );
});

test("only own members are read", () => {
  assert.equal(member({}, "toString"), undefined);
  assert.equal(textAt(Object.setPrototypeOf({}, { x: "inherited" }) as Fields, "x"), undefined);
});

test("an empty string is unknown", () => assert.equal(textAt({ model: "" }, "model"), undefined));

test("a list is an array", () => assert.equal(listAt({ list: { length: 1 } }, "list"), undefined));

test("later members win unless they are null, and counters are not added", () => {
  const result = merged({ a: 1, b: 2, c: { x: 1 } }, { a: null, b: 5, d: 0 });
  assert.deepEqual({ ...result }, { a: 1, b: 5, c: { x: 1 }, d: 0 });
});
