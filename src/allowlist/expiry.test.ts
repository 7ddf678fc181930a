import assert from "node:assert/strict";
import { test } from "node:test";
import { parseExpiry } from "./expiry.ts";

test("a date lasts to its end in UTC", () => {
  assert.equal(parseExpiry("2026-12-31"), Date.UTC(2027, 0, 1));
  assert.equal(parseExpiry("2028-02-29"), Date.UTC(2028, 2, 1));
});

test("a time is that moment, in UTC where no offset is given", () => {
  assert.equal(parseExpiry("2026-12-31T18:00:00Z"), Date.UTC(2026, 11, 31, 18));
  assert.equal(parseExpiry("2026-12-31 18:00"), Date.UTC(2026, 11, 31, 18));
  assert.equal(parseExpiry("2026-12-31T18:00:00+02:00"), Date.UTC(2026, 11, 31, 16));
  assert.equal(parseExpiry("2026-12-31t18:00:00.250z"), Date.UTC(2026, 11, 31, 18, 0, 0, 250));
});

test("a text that is no ISO date or time gives undefined", () => {
  const wrong = [
    "",
    "never",
    "2026-13-01",
    "2026-02-30",
    "2027-02-29",
    "31.12.2026",
    "12/31/2026",
    "2026-12",
    "2026-12-31T25:00:00Z",
    "1767225600",
    "2026-12-31T18",
    "2026-1-1",
  ];
  for (const text of wrong) assert.equal(parseExpiry(text), undefined, text);
});
