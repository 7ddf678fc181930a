// Keeps the lists of CONTRIBUTING.md true: each says which files to touch for an addition, and is compared with the files
// that mention an existing example of its kind.
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { codeSpans, readDocument, repository } from "./harness/markdown.ts";

interface Example {
  readonly heading: string;
  /** Finds the example in the files that its addition touched. */
  readonly pattern: RegExp;
  /** Files of the list in which the example has no trace of its own. */
  readonly without?: readonly string[];
}

const EXAMPLES: readonly Example[] = [
  { heading: "Add a provider", pattern: /\bfireworks\b/ },
  { heading: "Add a dialect", pattern: /mistral\.ocr|mistralOcr/ },
  {
    heading: "Add a record field",
    pattern: /prediction_accepted_tokens|predictionAccepted/,
    without: ["src/core/request/record-fields.ts"],
  },
  { heading: "Add a configuration key", pattern: /drain_concurrent|drainConcurrent/ },
  { heading: "Add a command", pattern: /healthcheckCommand|lmgate healthcheck/ },
  { heading: "Add a metric", pattern: /lmgate_stats_rotations_total/ },
  {
    heading: "Add a measure or metric of queries",
    pattern: /\bcache_hit_rate\b/,
    without: ["src/store/schema/measures.ts"],
  },
  { heading: "Add a page", pattern: /\bLatencyPage\b/ },
];

/** Written by a command, or a history that is not edited for later additions. */
const GENERATED = [
  "docs/accuracy.md",
  "docs/openapi.json",
  "docs/record.schema.json",
  "src/prices/table.json",
  "CHANGELOG.md",
];
const PLACES = [
  "src/**/*.{ts,json}",
  "dashboard/src/**/*.{ts,tsx}",
  "config/*.yaml",
  "docs/*.{md,json}",
  "scripts/*.ts",
  "test/corpus/**/*.http",
  "test/store/*.ts",
];

const sections = new Map(
  readDocument("CONTRIBUTING.md")
    .split(/^### /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf("\n")), section] as const),
);
const files = globSync(PLACES, { cwd: repository })
  .map((path) => path.replaceAll("\\", "/"))
  .filter((path) => !path.endsWith(".test.ts") && !GENERATED.includes(path));

describe("the list of files to touch is complete and true", () => {
  for (const { heading, pattern, without = [] } of EXAMPLES) {
    test(heading, () => {
      const listed = listedFiles(heading);
      assert.ok(listed.length > 1, `CONTRIBUTING.md lists the files under "${heading}"`);
      const touched = files.filter(
        (path) => pattern.test(path) || pattern.test(readFileSync(join(repository, path), "utf8")),
      );
      assert.deepEqual(
        touched.filter((path) => !listed.some((entry) => path === entry || path.startsWith(entry))),
        [],
        "files that the example touches and the list lacks",
      );
      assert.deepEqual(
        listed.filter((entry) => !without.includes(entry) && !touched.some((path) => path.startsWith(entry))),
        [],
        "files of the list that the example does not touch",
      );
    });
  }

  test("every list has an example here", () => {
    assert.deepEqual([...sections.keys()].toSorted(), EXAMPLES.map(({ heading }) => heading).toSorted());
  });
});

/** The files and folders that a section names; a folder ends with a slash. */
function listedFiles(heading: string): readonly string[] {
  return codeSpans(sections.get(heading) ?? "").filter(
    (span) =>
      span.includes("/") &&
      existsSync(join(repository, span)) &&
      (span.endsWith("/") || statSync(join(repository, span)).isFile()),
  );
}
