import assert from "node:assert/strict";
import { test } from "node:test";
import { parseTags } from "./tags.ts";

const read: ReadonlyArray<readonly [string, Readonly<Record<string, string>> | undefined]> = [
  ["team=a", { team: "a" }],
  ["team=a,feature=b", { team: "a", feature: "b" }],
  ["  team = a b ,feature=  ", { team: "a b", feature: "" }],
  ["team=a=b", { team: "a=b" }],
  ["team=a,team=b", { team: "b" }],
  ["no label,=b,,team=a", { team: "a" }],
  ["", undefined],
  ["nothing", undefined],
  ["=", undefined],
];

for (const [value, expected] of read) {
  test(`${JSON.stringify(value)} is read as ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(plain(parseTags(value)), expected);
  });
}

test("at most 16 tags are kept, and a repeated name still replaces its value", () => {
  const all = Array.from({ length: 17 }, (_, n) => `t${n}=${n}`).join(",");
  const tags = parseTags(`${all},t0=again`);
  assert.equal(Object.keys(tags ?? {}).length, 16);
  assert.equal(tags?.["t16"], undefined);
});

test("long names and values are cut", () => {
  const [[name, value] = ["", ""]] = Object.entries(parseTags(`${"n".repeat(500)}=${"v".repeat(500)}`) ?? {});
  assert.deepEqual([name.length, value.length], [128, 128]);
});

test("S31: names of Object.prototype's members are names like any other", () => {
  const tags = parseTags("__proto__=a,constructor=b,toString=c");
  assert.deepEqual(JSON.stringify(tags), '{"__proto__":"a","constructor":"b","toString":"c"}');
  assert.equal(Object.getPrototypeOf({}), Object.prototype);
});

/** A copy with the usual prototype, which `deepEqual` compares. */
function plain(tags: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> | undefined {
  return tags && { ...tags };
}
