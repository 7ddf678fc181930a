import assert from "node:assert/strict";
import { test } from "node:test";
import { checkAdminToken } from "./admin-token.ts";

test("R89: an empty, short, spaced or placeholder token is rejected, and the reason never quotes it", () => {
  const wrong = [
    "",
    "   \n",
    "short",
    "fifteen-chars-x",
    "with some spaces in it 123",
    "two-lines-of-a\nlonger-token-1",
    "change-me-change-me-1",
    "CHANGEME-0123456789",
    "your-admin-token-here",
    "aaaaaaaaaaaaaaaaaaaaaaaa",
    "1212121212121212121212",
    "tökentökentökentöken12",
  ];
  for (const text of wrong) {
    const issue = checkAdminToken(text);
    assert.notEqual(issue, undefined, text);
    if (text.trim().length > 8) assert.ok(!issue?.includes(text.trim()), text);
  }
});

test("R89: a random token is accepted, with the line end of its file", () => {
  for (const text of [
    "q3ZkY7w1Lx9TnB5v",
    "8f14e45fceea167a5a36dedd4bea2543\n",
    "  kJ2_x-9fQ7bN4mV0pR6sT1uW3yZ5aC8d\r\n",
  ]) {
    assert.equal(checkAdminToken(text), undefined, text);
  }
});
