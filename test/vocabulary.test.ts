// One word for each concept, as docs/glossary.md defines them. The test reads identifiers, comments and texts, and fails on
// the words that were replaced. A name that is a public contract is listed as an exception, with the contract beside it.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { globSync } from "node:fs";
import { prose, readDocument, repository } from "./harness/markdown.ts";
import { identifierWords, textParts } from "./harness/source-text.ts";
import { readSourceFiles } from "./harness/source-file.ts";

interface Replaced {
  /** Matched against a whole word of an identifier, in lower case. */
  readonly words?: RegExp;
  /** Matched against comments, texts and documents. */
  readonly phrase: RegExp;
  readonly use: string;
}

/** Words that have no other meaning here. */
const REPLACED: readonly Replaced[] = [
  { words: /^passages?$/, phrase: /\bpassages?\b/i, use: "exchange, finished request" },
  {
    words: /^(?:settlements?|afterli(?:fe|ves))$/,
    phrase: /\b(?:settlements?|afterli(?:fe|ves))\b/i,
    use: "recorder, drain",
  },
  { words: /^glances?$/, phrase: /\bglances?\b/i, use: "observer" },
  { words: /^desks?$/, phrase: /\bdesks?\b/i, use: "services" },
  {
    words: /^(?:gatekeepers?|visitors?)$/,
    phrase: /\b(?:gatekeepers?|visitors?)\b/i,
    use: "authenticator, request identity",
  },
  { words: /^(?:bookkeepers?|bookkeeping)$/, phrase: /\bbookkeep(?:er|ing)s?\b/i, use: "cost annotator, accounting" },
  { words: /^handovers?$/, phrase: /\bhandovers?\b/i, use: "record message, pull channel" },
  { words: /^headroom$/, phrase: /\bheadroom\b/i, use: "rate limit remaining" },
  {
    words: /^(?:verdicts?|evidence|tall(?:y|ies))$/,
    phrase: /\b(?:evidence|tall(?:y|ies|ied))\b/i,
    use: "usage state, partial usage, reading builder, counters",
  },
  { words: /^(?:battlefields?|workplaces?|scenes?)$/, phrase: /\b(?:battlefields?|workplaces?)\b/i, use: "fixture" },
  { words: /^questions?$/, phrase: /\bquestions? (?:of|to|about) the (?:store|ledger)\b/i, use: "query" },
  { words: /^refus(?:e[ds]?|als?|ing)$/, phrase: /\brefus(?:e[ds]?|als?|ing)\b/i, use: "reject, rejection" },
  { words: /^answer(?:s|ed|ing)?$/, phrase: /\banswer(?:s|ed|ing)?\b/i, use: "response, respond" },
  { words: /^(?:anew|mend(?:s|ed|ing)?)$/, phrase: /\b(?:anew|mend(?:s|ed|ing)?)\b/i, use: "again, rebuild, fix" },
  { words: /^(?:whoever|nobody|somebody)$/, phrase: /\b(?:whoever|nobody|somebody)\b/i, use: "the actor's name" },
  { phrase: /\bparted by\b/i, use: "comma-separated" },
  { phrase: /\bgoes by (?:it|them|the)\b/i, use: "uses" },
  { phrase: /\b(?:data|ledger|ledger's) threads?\b/i, use: "data worker, ledger worker" },
  { phrase: /\b(?:let|lets) through\b/i, use: "admit" },
  {
    words: /^calls?$/,
    phrase:
      /\b(?:a|an|the|each|every|one|per|no|this|that|its|all|these|those|many|some|other|running|finished|short|long|plain|proxied|recorded|LLM|API|whose|\d[\d,]*) calls?\b/i,
    use: "request",
  },
];

/**
 * Where a replaced word is right: in the names of public contracts, in the words of providers and operating systems, and where a
 * function is called.
 */
const ALLOWED: readonly RegExp[] = [
  // Contracts: metrics, members of the API and of files, SQL relations, reasons of gaps.
  /lmgate_(?:denied|refused|connections_refused|pending_answers_forgotten)_total/g,
  // In documents: a member of GET /api/v1/status, a field of the log.
  /`(?:refusals|answers)`/g,
  /\b(?:handover_full|data_thread_died|ledger_thread_died|thread_died)\b/g,
  /\b(?:tool|function|system|API|remote procedure|web_search|file_search|code_interpreter|computer|mcp|custom_tool|function_tool|shell|image_generation)[_ ]calls?\b/gi,
  /\bcalls? (?:to|of|back|for|with) [`'"(]/gi,
  // The operating system refuses connections.
  /\b(?:ECONNREFUSED|refuse[sd]? connections?|connections? (?:is |are )?refused)\b/g,
  // Bodies of error responses, which are released.
  /did not answer in time|before it answered|answer was not valid HTTP/g,
  // A member of OpenAI's messages, in the names that are searched for text.
  /\|refusal\b/g,
];

/** Members of the API: `GET /api/v1/status`, the preview of an import, an export of requests. */
const API_MEMBERS: readonly string[] = ["callsInFlight", "refusals", "refused"];

/** The SQL relation `calls` and the member of the store's manifest for its files. */
const STORE = /^(?:src|test)\/store\//;

/** Identifiers by file: members of a contract, or of OpenAI's messages and output items. */
const EXCEPTIONS: Readonly<Record<string, readonly string[]>> = {
  // The name in V8's CPU profiles.
  "bench/profile.ts": ["callFrame"],
  "bench/profile-kinds.ts": ["callFrame"],
  "simulator/openai-chat.ts": ["refusal"],
  "simulator/openai-responses.ts": ["call_id"],
  // Fields of the log.
  "src/workers/data/data-worker-handle.ts": ["answers", "calls"],
  // A reason in ledger-events.jsonl.
  "src/ledger/tools/audit.ts": ["handover_full"],
  // A member of the JSON output of `lmgate prices unpriced`.
  "src/cli/commands/prices/prices-unpriced.ts": ["calls"],
  // A method of node:readline.
  "src/cli/context/confirm.ts": ["question"],
};

const files = readSourceFiles(["{src,simulator,test,bench,scripts}/**/*.ts", "dashboard/**/*.{ts,tsx}"]).filter(
  ({ path }) =>
    !path.startsWith("dashboard/node_modules/") &&
    !/^test\/(?:vocabulary\.test|harness\/source-text\.test)\.ts$/.test(path),
);
const documents = globSync(["*.md", "docs/**/*.md", "dashboard/*.md", "test/**/*.md"], { cwd: repository })
  .filter((path) => path !== "docs/glossary.md")
  .toSorted();

describe("no replaced word is left in", () => {
  test("identifiers", () => {
    assert.deepEqual(
      files.flatMap(({ path, text }) => wordsIn(path, text)),
      [],
    );
  });

  test("comments and texts of the code", () => {
    assert.deepEqual(
      files.flatMap(({ path, text }) => phrasesIn(path, text)),
      [],
    );
  });

  test("documents", () => {
    assert.deepEqual(
      documents.flatMap((path) =>
        prose(readDocument(path))
          .split("\n")
          .flatMap((line, index) => replacedIn(line).map((found) => `${path}:${index + 1} ${found}`)),
      ),
      [],
    );
  });
});

test("a replaced word is found in an identifier, a comment, a text and a document, and a contract's name is not", () => {
  assert.deepEqual(wordsIn("a.ts", "const lastAnswer = refuse(passageOf(x)); f.callback(toolCalls);"), [
    'a.ts:1 lastAnswer: use "response, respond"',
    'a.ts:1 refuse: use "reject, rejection"',
    'a.ts:1 passageOf: use "exchange, finished request"',
  ]);
  assert.deepEqual(phrasesIn("a.ts", '// Each call ends.\nlog("the data thread was refused");'), [
    'a.ts:1 "Each call": use "request"',
    'a.ts:2 "refused": use "reject, rejection"',
    'a.ts:2 "data thread": use "data worker, ledger worker"',
  ]);
  assert.deepEqual(replacedIn("`lmgate_denied_total` counts; the tool calls are counted; it calls `close()`."), []);
});

function wordsIn(path: string, text: string): readonly string[] {
  const allowed = EXCEPTIONS[path] ?? [];
  return textParts(text)
    .filter(
      ({ kind, value }) =>
        kind === "identifier" &&
        !allowed.includes(value) &&
        !API_MEMBERS.includes(value) &&
        !(value === "calls" && STORE.test(path)) &&
        !isAllowedName(value),
    )
    .flatMap(({ value, line }) => {
      const replaced = REPLACED.find(({ words }) => words && identifierWords(value).some((word) => words.test(word)));
      return replaced === undefined ? [] : [`${path}:${line} ${value}: use "${replaced.use}"`];
    });
}

/** Function calls, and the tool calls of providers, are calls. */
function isAllowedName(name: string): boolean {
  return /^(?:call|callback|callee|caller)$/i.test(name) || /(?:tool|function|system|search)_?calls?/i.test(name);
}

function phrasesIn(path: string, text: string): readonly string[] {
  return textParts(text)
    .filter(({ kind }) => kind !== "identifier")
    .flatMap(({ value, line }) =>
      value.split("\n").flatMap((part, index) => replacedIn(part).map((found) => `${path}:${line + index} ${found}`)),
    );
}

function replacedIn(text: string): readonly string[] {
  const plain = ALLOWED.reduce((left, pattern) => left.replace(pattern, ""), text);
  return REPLACED.flatMap(({ phrase, use }) => {
    const found = phrase.exec(plain);
    return found === null ? [] : [`"${found[0]}": use "${use}"`];
  });
}
