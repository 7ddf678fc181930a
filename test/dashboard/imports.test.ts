// The dashboard's own arrows, beside those of test/imports.test.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { findCycles, readSourceFiles, moduleOf } from "../harness/source-file.ts";

const files = readSourceFiles(["dashboard/src/**/*.{ts,tsx}"]);
const CONTRACT = "src/admin/api/contract.ts";

test("the dashboard imports nothing of the gateway but types of the contract", () => {
  const strays = files.flatMap(({ path, text, ours }) => {
    const foreign = ours.filter((target) => moduleOf(target) !== "dashboard");
    const isType = !/import (?!type)[^;]*\/contract\.ts"/.test(text);
    return foreign.every((target) => target === CONTRACT) && isType ? [] : [path];
  });
  assert.ok(files.some(({ ours }) => ours.includes(CONTRACT)));
  assert.deepEqual(strays, []);
});

test("it needs nothing at run time but Preact and uPlot", () => {
  const packages = new Set(files.flatMap(({ foreign }) => foreign.map((name) => name.split("/")[0])));
  assert.deepEqual(
    [...packages].toSorted((a = "", b = "") => a.localeCompare(b)),
    ["preact", "uplot"],
  );
});

test("no files of it import each other in a circle", () => {
  assert.deepEqual(findCycles(files), []);
});

test("no file of it is longer than 400 lines, and nothing writes markup from text", () => {
  const long = files.filter(({ text }) => text.split("\n").length > 400);
  const unsafe = files.filter(({ text }) =>
    /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(/.test(text),
  );
  assert.deepEqual(
    [...long, ...unsafe].map(({ path }) => path),
    [],
  );
});
