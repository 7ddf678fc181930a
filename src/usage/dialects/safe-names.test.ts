import assert from "node:assert/strict";
import { test } from "node:test";
import { errorName, modelName } from "./safe-names.ts";

test("S26: a key in place of a model name is redacted", () => {
  const keys = [
    "sk-abcdefgh12345678",
    "sk-ant-api03-abcdefgh",
    "x/sk-proj-abcdefghijk",
    "AIzaSyA1234567890abcdefg",
    "AKIAIOSFODNN7EXAMPLE",
    "gsk_abcdefghijklmnopqrstuvwx",
    "eyJhbGciOiJIUzI1NiJ9.x",
  ];
  for (const key of keys) assert.equal(modelName(key), "[redacted]", key);
});

test("a model name is kept as sent", () => {
  const names = [
    "gpt-5.6-2026-01-01",
    "claude-sonnet-5@20260101",
    "models/gemini-x",
    "accounts/f/models/x",
    "grok-x",
    "task-router-large",
    "us.anthropic.claude-3:0",
    "disk-seek-abcdefgh",
  ];
  for (const name of names) assert.equal(modelName(name), name);
});

test("an error type is a single token, cut to 64 characters", () => {
  assert.equal(errorName("rate_limit_exceeded"), "rate_limit_exceeded");
  assert.equal(errorName("x".repeat(100))?.length, 64);
  for (const value of ["Some sentence.", "401", "", "a\nb", 400, null, undefined, "sk-abcdefgh12345678"]) {
    assert.equal(errorName(value), undefined, String(value));
  }
});
