import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { targetFault } from "./request-target.ts";

const isRejected = (target: string): boolean => targetFault(target) !== undefined;

test("S2: a segment that goes up is rejected in every spelling", () => {
  const targets = [
    "/..",
    "/../",
    "/openai/../anthropic/",
    "/openai/..",
    "/openai/..?x=1",
    "/openai/%2e%2e/anthropic",
    "/openai/%2E%2E",
    "/openai/.%2e/x",
    "/openai/%2e./x",
    "/openai/..%2fx",
    "/openai/%2f../x",
    "/openai%2f..%2fx",
    "/openai/%2e%2e%2fx",
    "/openai%5c..%5cx",
    "/openai/..%5Cx",
    "/openai/%252e%252e/x",
    "/openai/.%252e/x",
    "/openai/%252e%252e%252fx",
    "/openai%252f../x",
    "/openai/%%32%65./x",
    "/openai/..;/x",
    "/openai/..;a=b/x",
    "/openai/%2e%2e;/x",
    "/openai/..%3b/x",
    "/openai/..%3fx",
    "/openai/..%23",
    "/./../x",
    "/a//../x",
    "/a/./%2e%2e",
  ];
  for (const target of targets) assert.ok(isRejected(target), target);
});

test("S2: dots that do not leave the path are accepted", () => {
  const targets = [
    "/.",
    "/./",
    "/openai/./x",
    "/openai/%2e/x",
    "/openai/%252e/x",
    "/openai../x",
    "/openai%2e%2e/x",
    "/..openai",
    "/...",
    "/.../x",
    "/a/..b/c",
    "/a/b../c",
    "/v1/models/gpt-4.1",
    "/v1beta/models/gemini-2.5-pro:generateContent",
    "/x?file=../../etc",
    "/x?..",
    "/x?a=%2e%2e%2f",
    "/model/anthropic.claude%3A0/invoke",
    "/a%2fb",
    "/%zz",
    "/%",
    "/%2",
  ];
  for (const target of targets) assert.equal(targetFault(target), undefined, target);
});

test("S3: an encoded NUL is rejected anywhere in the target, and one encoded twice in the path", () => {
  for (const target of ["/%00", "/a%00b", "/x?k=%00", "/%2500", "/a/%%30%30"]) assert.ok(isRejected(target), target);
  for (const target of ["/%01", "/%0d%0a", "/x?url=a%2500"]) assert.equal(targetFault(target), undefined, target);
});

test("S2: no accepted path leaves its base, whether RFC 3986, WHATWG or a server that decodes twice reads it", () => {
  const piece = fc.constantFrom(
    "/",
    ".",
    "..",
    "%2e",
    "%2E",
    "%2f",
    "%5c",
    "%25",
    "2e",
    "%252e",
    "a",
    ";",
    "?",
    "%3f",
    "%",
    "%32",
    "%65",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
      const path = `/base/${pieces.join("")}`;
      if (isRejected(path)) return;
      for (const reading of [path, decoded(path), decoded(decoded(path))]) {
        const normal = new URL(`http://h${reading.replaceAll("\\", "/")}`).pathname;
        assert.ok(normal.startsWith("/base/"), `${path} is read as ${normal}`);
      }
    }),
    { numRuns: 3000, seed: 3986 },
  );
});

function decoded(path: string): string {
  return path.replaceAll(/%[0-9a-f]{2}/gi, (encoded) => String.fromCharCode(Number.parseInt(encoded.slice(1), 16)));
}
