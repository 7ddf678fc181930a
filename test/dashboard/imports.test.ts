// What the dashboard may import, beside the rules of test/imports.test.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { findCycles, moduleOf, parse, readSourceFiles, type SourceFile } from "../harness/source-file.ts";

const files = readSourceFiles(["dashboard/src/**/*.{ts,tsx}"]);
const gateway = new Map(readSourceFiles(["src/**/*.ts"]).map((file) => [file.path, file]));
const CONTRACT = "src/admin/api/contract.ts";
/** Modules of the gateway that also run in the browser; they need no package and nothing of Node.js. */
const PURE: readonly string[] = ["src/store/filter/filter-text.ts", "src/store/schema/metrics.ts"];

test("the dashboard imports only types of the contract and the listed pure modules", () => {
  const strays = files.flatMap(({ path, text, ours }) => {
    const foreign = ours.filter((target) => moduleOf(target) !== "dashboard");
    const isType = !/import (?!type)[^;]*\/contract\.ts"/.test(text);
    return foreign.every((target) => target === CONTRACT || PURE.includes(target)) && isType ? [] : [path];
  });
  assert.ok(files.some(({ ours }) => ours.includes(CONTRACT)));
  assert.deepEqual(strays, []);
});

test("a pure module, and all that it loads, needs no package and nothing of Node.js", () => {
  const loaded = new Set(PURE);
  const impure: string[] = [];
  // A loop over a set also visits values that are added during the loop.
  for (const path of loaded) {
    const file = loadedPart(gateway.get(path) ?? assert.fail(`${path} is missing`));
    if (file.foreign.length > 0) impure.push(`${path} imports ${file.foreign.join(", ")}`);
    for (const target of file.ours) loaded.add(target);
  }
  assert.deepEqual(impure, []);
});

/** Removes type imports, which do not exist at run time. */
function loadedPart({ path, text }: SourceFile): SourceFile {
  return parse(path, text.replaceAll(/^(?:import|export) type [^;]*;$/gm, ""));
}

test("the dashboard needs only Preact and uPlot at run time", () => {
  const packages = new Set(files.flatMap(({ foreign }) => foreign.map((name) => name.split("/")[0])));
  assert.deepEqual(
    [...packages].toSorted((a = "", b = "") => a.localeCompare(b)),
    ["preact", "uplot"],
  );
});

test("no files of the dashboard import each other in a cycle", () => {
  assert.deepEqual(findCycles(files), []);
});

test("no file of the dashboard is longer than 400 lines, and none writes markup from text", () => {
  const long = files.filter(({ text }) => text.split("\n").length > 400);
  const unsafe = files.filter(({ text }) =>
    /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(/.test(text),
  );
  assert.deepEqual(
    [...long, ...unsafe].map(({ path }) => path),
    [],
  );
});
