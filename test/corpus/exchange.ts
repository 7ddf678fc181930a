/** Parses an exchange of the corpus: the request, the response, and the record that LMGate must write. */
import { gzipSync } from "node:zlib";

import { seededRandom } from "../harness/seeded-random.ts";
import { framesOf } from "../usage/event-stream-frames.ts";

/** Fields of a record by name. A field that is not listed must be unknown: absent, or `null` if it is always present. */
export type ExpectedRecord = Readonly<Record<string, unknown>>;

export interface Request {
  readonly method: string;
  /** The path with the provider's prefix, and the query. */
  readonly target: string;
  readonly fields: readonly Field[];
  readonly body: Buffer;
}

export type Field = readonly [name: string, value: string];

/** How a response ends: completely, cut by the upstream, or aborted by the client. */
export type End = "complete" | "cut" | "aborted";

export interface Response {
  readonly status: number;
  readonly fields: readonly Field[];
  readonly body: Buffer;
  readonly end: End;
  /** The counters sent up to the end of an event. Only streams have them. */
  readonly seen: readonly SeenCounters[];
}

export interface SeenCounters {
  readonly at: number;
  readonly counters: ExpectedRecord;
}

/** One request and its record. */
export interface Step {
  readonly request: Request;
  readonly response: Response;
  readonly record: ExpectedRecord;
}

/** A WebSocket: its messages in order, and the records it must leave. */
export interface Session {
  readonly request: Request;
  readonly messages: readonly Message[];
  readonly records: readonly ExpectedRecord[];
}

export interface Message {
  readonly from: "client" | "server";
  readonly binary: boolean;
  readonly text: string;
}

export interface Exchange {
  /** `dialect/name`. */
  readonly name: string;
  readonly dialect: string;
  /** Consecutive requests, such as starting a response and fetching it. Empty for a WebSocket. */
  readonly steps: readonly Step[];
  readonly session: Session | undefined;
}

interface Section {
  readonly title: string;
  readonly words: readonly string[];
  readonly text: string;
}

/** Parses one file. `id` replaces `{{id}}`, so that a response sent twice does not count as a replay. */
export function parseExchange(name: string, text: string, id: string): Exchange {
  const dialect = name.slice(0, name.indexOf("/"));
  const sections = sectionsOf(text.replaceAll("{{id}}", id));
  const steps: Step[] = [];
  for (let at = 0; at < sections.length;) {
    const request = requestOf(expectSection(name, sections[at++], "request"));
    const second = sections[at++];
    if (second?.title === "messages") {
      const records = expectSection(name, sections[at++], "records");
      if (at < sections.length || steps.length > 0)
        throw new Error(`${name}: a WebSocket must be the only exchange of its file`);
      const expected = parseJson(name, records.text) as readonly ExpectedRecord[]; // Reason for the cast: the file is part of the repository.
      return { name, dialect, steps: [], session: { request, messages: messagesOf(second.text), records: expected } };
    }
    const response = responseOf(expectSection(name, second, "response"));
    const record = parseJson(name, expectSection(name, sections[at++], "record").text) as ExpectedRecord;
    steps.push({ request, response, record });
  }
  if (steps.length === 0) throw new Error(`${name}: no request`);
  return { name, dialect, steps, session: undefined };
}

const SECTION_START = /^=== (request|response|messages|records|record)((?: [a-z]+)*)$/;

function sectionsOf(text: string): readonly Section[] {
  const sections: { title: string; words: readonly string[]; lines: string[] }[] = [];
  for (const line of text.split("\n").slice(0, -1)) {
    const [, title, words = ""] = SECTION_START.exec(line) ?? [];
    if (title !== undefined) sections.push({ title, words: words.split(" ").filter(Boolean), lines: [] });
    else sections.at(-1)?.lines.push(line);
  }
  return sections.map(({ title, words, lines }) => ({ title, words, text: lines.map((line) => `${line}\n`).join("") }));
}

function expectSection(name: string, section: Section | undefined, title: string): Section {
  if (section?.title !== title) throw new Error(`${name}: "=== ${title}" is missing`);
  return section;
}

function requestOf(section: Section): Request {
  const { first, fields, rest } = headOf(section.text);
  const [method = "", target = ""] = first.split(" ");
  const plain = Buffer.from(expanded(rest, section.words));
  if (!section.words.includes("gzip")) return { method, target, fields, body: plain };
  return { method, target, fields: [...fields, ["content-encoding", "gzip"]], body: gzipSync(plain) };
}

function responseOf(section: Section): Response {
  const { first, fields, rest } = headOf(section.text);
  const end = section.words.includes("cut") ? "cut" : section.words.includes("aborted") ? "aborted" : "complete";
  const pieces: Buffer[] = [];
  const seen: SeenCounters[] = [];
  let length = 0;
  const parts = rest.split(/^=== seen(.*)\n/m);
  for (let at = 0; at < parts.length; at += 2) {
    const piece = bytesOf(parts[at] ?? "", section.words);
    pieces.push(piece);
    length += piece.length;
    const counters = parts[at + 1];
    if (counters !== undefined) seen.push({ at: length, counters: counters.trim() === "" ? {} : jsonRecord(counters) });
  }
  return { status: Number(first), fields, body: Buffer.concat(pieces), end, seen };
}

function bytesOf(text: string, words: readonly string[]): Buffer {
  const plain = expanded(text, words);
  return words.includes("frames") ? framesOf(plain) : Buffer.from(plain);
}

/** A backslash at the end of the body removes its line end. */
function expanded(text: string, words: readonly string[]): string {
  const filled = text.replaceAll(/\{\{(.)\*(\d+)\}\}/g, (_, letter: string, times: string) =>
    filler(letter, Number(times)),
  );
  const ended = filled.endsWith("\\\n") ? filled.slice(0, -2) : filled;
  return words.includes("crlf") ? ended.replaceAll("\n", "\r\n") : ended;
}

const LETTERS = Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

/** Repeats the letter; a question mark stands for pseudorandom base64 letters, which compress as badly as real ones. */
function filler(letter: string, times: number): string {
  if (letter !== "?") return letter.repeat(times);
  const random = seededRandom(times);
  const letters = Buffer.allocUnsafe(times);
  for (let at = 0; at < times; at++) letters[at] = LETTERS[Math.floor(random() * 64)] ?? 0;
  return letters.toString("latin1");
}

function headOf(text: string): { readonly first: string; readonly fields: readonly Field[]; readonly rest: string } {
  const end = text.indexOf("\n\n");
  const head = end === -1 ? text.trimEnd() : text.slice(0, end);
  const [first = "", ...lines] = head.split("\n");
  const fields = lines.map((line): Field => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  return { first, fields, rest: end === -1 ? "" : text.slice(end + 2) };
}

const MESSAGE = /^([<>])(b?) (.+)$/;

function messagesOf(text: string): readonly Message[] {
  return expanded(text, [])
    .split("\n")
    .flatMap((line) => {
      const [, side, binary, content] = MESSAGE.exec(line) ?? [];
      if (content === undefined) return [];
      return [{ from: side === ">" ? "client" : "server", binary: binary === "b", text: content } as const];
    });
}

function parseJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`${name}: the record is not JSON`, { cause });
  }
}

function jsonRecord(text: string): ExpectedRecord {
  return JSON.parse(text) as ExpectedRecord; // Reason for the cast: the file is part of the repository.
}
