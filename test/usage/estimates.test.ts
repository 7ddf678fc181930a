// The estimates against a real tokenizer, in the languages and scripts that `docs/estimates.md` names.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { CHAT, EVENTS, finished } from "./observe.ts";
import { RequestObserver } from "../../src/usage/observe/observer.ts";

const TEXTS = join(import.meta.dirname, "..", "fixtures", "estimates");

for (const file of readdirSync(TEXTS)) {
  test(`${file.replace(".txt", "")} is estimated within a tenth of what the o200k encoding counts, as it is, escaped and as a small part of much`, () => {
    const text = readFileSync(join(TEXTS, file), "utf8");
    const tokens = countTokens(text);
    const asking = (content: string): string => JSON.stringify({ model: "m", messages: [{ role: "user", content }] });
    // As Python's json module writes it.
    const escaped = asking(text).replace(
      /[^\x20-\x7e]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
    const requests = [
      [asking(text), 1],
      [escaped, 1],
      [asking(text.repeat(50)), 50],
    ] as const;
    for (const [body, times] of requests) {
      const observer = new RequestObserver({ ...CHAT, estimate: true }, () => 1);
      observer.requestBytes(Buffer.from(body));
      observer.requestSent();
      observer.responseHead(EVENTS);
      for (const word of text.split(/(?<=\s)/)) {
        observer.responseBytes(Buffer.from(`data: ${JSON.stringify({ choices: [{ delta: { content: word } }] })}\n\n`));
      }
      const { estimatedInputTokens = 0, estimatedOutputTokens = 0 } = finished(observer);
      for (const guess of [estimatedInputTokens / times, estimatedOutputTokens]) {
        assert.ok(Math.abs(guess / tokens - 1) < 0.1, `${guess} for ${tokens}`);
      }
    }
  });
}
