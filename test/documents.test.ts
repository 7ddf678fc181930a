// Every document keeps working links, names files that exist, and stays short enough to be read.
import assert from "node:assert/strict";
import { existsSync, globSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { anchors, codeSpans, links, prose, readDocument, repository } from "./harness/markdown.ts";

const MAX_README_LINES = 150;

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
        const problem = problemOf(document, target);
        return problem === undefined ? [] : [`${document}:${line} ${target}: ${problem}`];
      });
      assert.deepEqual(broken, []);
    });
  }
});

describe("every file that a document mentions exists", () => {
  // `data/` is created by the operator; `stats-2026….jsonl` and `<path>.lock` are patterns.
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

describe("the files that a page names below src/ exist", () => {
  const below =
    /^(?:core|wire|jsonl|usage|providers|config|allowlist|prices|ledger|store|proxy|workers|admin|app)\/[\w./-]+$/;
  for (const page of ["docs/lifecycle.md", "docs/query-path.md"]) {
    test(page, () => {
      const spans = codeSpans(prose(readDocument(page))).filter((span) => below.test(span));
      assert.ok(spans.length > 20, "the page names its files");
      assert.deepEqual(
        spans.filter((span) => !existsSync(join(repository, "src", span))),
        [],
      );
    });
  }
});

function problemOf(document: string, target: string): string | undefined {
  if (/^(?:https?|mailto):/.test(target)) return undefined;
  const [path = "", anchor] = target.split("#", 2);
  const file = path === "" ? document : join(dirname(document), decodeURIComponent(path));
  if (!existsSync(join(repository, file))) return "no such file";
  if (anchor === undefined) return undefined;
  return anchors(readDocument(file)).has(anchor) ? undefined : "no such heading";
}
