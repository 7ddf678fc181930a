// Compares the estimates with a real tokenizer, in the languages and scripts that `docs/estimates.md` lists.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { CHAT, EVENTS, finished } from "./observe.ts";
import { RequestObserver } from "../../src/usage/observe/observer.ts";

const TEXTS = join(import.meta.dirname, "..", "fixtures", "estimates");

for (const file of readdirSync(TEXTS)) {
  test(`${file.replace(".txt", "")} is estimated within 10 % of the o200k encoding, plain, escaped and in a large request`, () => {
    const text = readFileSync(join(TEXTS, file), "utf8");
    const tokens = countTokens(text);
    const requestWith = (content: string): string =>
      JSON.stringify({ model: "m", messages: [{ role: "user", content }] });
    // Python's json module escapes like this.
    const escaped = requestWith(text).replace(
      /[^\x20-\x7e]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
    const requests = [
      [requestWith(text), 1],
      [escaped, 1],
      [requestWith(text.repeat(50)), 50],
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
      for (const estimate of [estimatedInputTokens / times, estimatedOutputTokens]) {
        assert.ok(Math.abs(estimate / tokens - 1) < 0.1, `${estimate} for ${tokens}`);
      }
    }
  });
}
