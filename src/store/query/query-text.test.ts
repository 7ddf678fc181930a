import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatFilter, parseFilter } from "../filter/filter-text.ts";
import { dimensionNames } from "../schema/dimensions.ts";
import { metricNames } from "../schema/metrics.ts";
import { querySchema } from "../schema/query.ts";
import { bucketNames } from "../time/time-buckets.ts";
import { formatQuery, parseQuery, parseScope, sinceMoment } from "./query-text.ts";

const dimension = fc.oneof(
  fc.constantFrom(...dimensionNames),
  fc.string({ minLength: 1, unit: "binary" }).map((name) => `tag:${name}`),
);
const filter = fc.record({
  dimension,
  op: fc.constantFrom("is", "is_not", "gte", "lte"),
  values: fc.array(
    fc.option(fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("null", ",", "\\", " a ", "\\null"))),
    {
      minLength: 1,
      maxLength: 4,
    },
  ),
});

test("any filter is the same after formatting and parsing", () => {
  fc.assert(
    fc.property(filter, (made) => {
      const { success, data } = querySchema.safeParse({ filters: [made] });
      fc.pre(success && data.filters.length === 1);
      const [wanted] = data?.filters ?? [];
      assert.ok(wanted);
      assert.deepEqual(parseFilter(formatFilter(wanted)), wanted);
    }),
    { seed: 1, numRuns: 500 },
  );
});

test("any query is the same after formatting and parsing", () => {
  const asked = fc.record(
    {
      from: fc.constantFrom("-7d", "2026-01-01T00:00:00+01:00", "today"),
      tz: fc.constantFrom("UTC", "Europe/Berlin", "Etc/GMT+3"),
      bucket: fc.constantFrom(...bucketNames, "auto", "none"),
      groupBy: fc.array(dimension, { maxLength: 2 }),
      metrics: fc.uniqueArray(fc.constantFrom(...metricNames), { minLength: 1 }),
      filters: fc.array(filter, { maxLength: 3 }),
      compare: fc.constantFrom("none", "previous"),
      limit: fc.integer({ min: 1, max: 1000 }),
      order: fc.constantFrom("-cost", "key", "-duration_p95"),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(asked, (made) => {
      const wanted = querySchema.parse(made);
      const text = formatQuery(wanted).toString();
      assert.deepEqual(parseQuery(new URLSearchParams(text)), { ok: true, value: wanted });
    }),
    { seed: 2, numRuns: 300 },
  );
});

test("filters are parsed as people write them", () => {
  const cases: readonly [string, unknown][] = [
    ["status>=400", { dimension: "status", op: "gte", values: ["400"] }],
    ["status <= 499", { dimension: "status", op: "lte", values: ["499"] }],
    ["model=gpt-5, gpt-5-mini", { dimension: "model", op: "is", values: ["gpt-5", "gpt-5-mini"] }],
    ["owner!=null", { dimension: "owner", op: "is_not", values: [null] }],
    ["owner=\\null,a\\,b", { dimension: "owner", op: "is", values: ["null", "a,b"] }],
    ["tag:team=a=b", { dimension: "tag:team", op: "is", values: ["a=b"] }],
    ["tag:a\\=b=c", { dimension: "tag:a=b", op: "is", values: ["c"] }],
    ["owner=", { dimension: "owner", op: "is", values: [""] }],
  ];
  for (const [text, wanted] of cases) assert.deepEqual(parseFilter(text), wanted, text);
});

test("short names of metrics and durations are understood", () => {
  const parsed = parseQuery(new URLSearchParams("metric=tokens,p95,p50_ttft&order=-p95"));
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.value.metrics, ["total_tokens", "duration_p95", "ttft_p50"]);
  assert.equal(parsed.value.order, "-duration_p95");
  assert.deepEqual(["7d", "3mo", "-7d", "today", "2026-01-01"].map(sinceMoment), [
    "-7d",
    "-3mo",
    "-7d",
    "today",
    "2026-01-01",
  ]);
});

test("all errors are reported at once, each with its place and a suggestion", () => {
  const text = "gropu_by=model&metric=costt&limit=0&bucket=2h&filter=modell=3&filter=owner&order=-p96&from=a&from=b";
  const parsed = parseQuery(new URLSearchParams(text));
  assert.ok(!parsed.ok);
  assert.deepEqual(
    parsed.faults.map(({ where, message }) => [where, message]),
    [
      ["gropu_by", 'unknown parameter "gropu_by"; did you mean group_by?'],
      ["from", "is given more than once"],
      ["filter", 'unknown dimension "modell"; did you mean model?'],
      ["filter", '"owner" has no operator; use =, !=, >= or <=, as in status>=400'],
      ["bucket", '"2h" is not one of 1m, 5m, 15m, 1h, 1d, 1w, 1mo, auto, none'],
      ["metric", '"costt" is not a metric; did you mean cost?'],
      ["limit", '"0" is not a number from 1 to 1000'],
      ["order", parsed.faults.at(-1)?.message],
    ],
  );
  const three = parseQuery(new URLSearchParams("group_by=model,owner,key"));
  assert.ok(!three.ok && three.faults[0]?.where === "group_by");
});

test("additional parameters of the caller are accepted by name, others are not", () => {
  assert.ok(parseScope(new URLSearchParams("cursor=x&from=-1d"), ["cursor"]).ok);
  assert.ok(!parseScope(new URLSearchParams("cursor=x")).ok);
});
