// What every document must keep: links that lead somewhere, and a README that can be read in one sitting.
import assert from "node:assert/strict";
import { existsSync, globSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { anchors, codeSpans, links, prose, readDocument, repository } from "./harness/markdown.ts";

const MAX_README_LINES = 200;

const documents = globSync(["*.md", "docs/**/*.md"], { cwd: repository }).toSorted();

test("the documents that the README promises are there", () => {
  for (const path of ["README.md", "docs/LMGate user guide.md", "docs/LMGate functional specification.md"]) {
    assert.ok(documents.includes(path), path);
  }
});

test(`the README has at most ${MAX_README_LINES} lines`, () => {
  const lines = readDocument("README.md").trimEnd().split("\n").length;
  assert.ok(lines <= MAX_README_LINES, `${lines} lines`);
});

describe("every link leads to a file and a heading that exist", () => {
  for (const document of documents) {
    test(document, () => {
      const broken = links(readDocument(document)).flatMap(({ target, line }) => {
        const fault = faultOf(document, target);
        return fault === undefined ? [] : [`${document}:${line} ${target}: ${fault}`];
      });
      assert.deepEqual(broken, []);
    });
  }
});

describe("every file that a document names in passing exists", () => {
  // `data/` is made by whoever runs LMGate; `stats-2026….jsonl` and `<path>.lock` are patterns.
  const named = /^(?:src|test|bench|simulator|scripts|deploy|config|docs|\.ci)\/[\w./-]+$/;
  for (const document of documents) {
    test(document, () => {
      const missing = codeSpans(prose(readDocument(document)))
        .filter((span) => named.test(span) && !existsSync(join(repository, span)))
        .map((span) => `${document}: ${span}`);
      assert.deepEqual(missing, []);
    });
  }
});

test("the files that the lifecycle names by room exist", () => {
  const rooms = /^(?:gate|wire|usage|threads|policy|providers|prices|ledger|core|app)\/[\w./-]+$/;
  const spans = codeSpans(prose(readDocument("docs/lifecycle.md"))).filter((span) => rooms.test(span));
  assert.ok(spans.length > 30, "the lifecycle names its files");
  assert.deepEqual(
    spans.filter((span) => !existsSync(join(repository, "src", span))),
    [],
  );
});

function faultOf(document: string, target: string): string | undefined {
  if (/^(?:https?|mailto):/.test(target)) return undefined;
  const [path = "", anchor] = target.split("#", 2);
  const file = path === "" ? document : join(dirname(document), decodeURIComponent(path));
  if (!existsSync(join(repository, file))) return "no such file";
  if (anchor === undefined) return undefined;
  return anchors(readDocument(file)).has(anchor) ? undefined : "no such heading";
}
