import { isAlias, isMap, isScalar, LineCounter, parseDocument, Scalar, type Document, type Node } from "yaml";
import type { Entry, Place } from "./config-entry.ts";
import type { ConfigIssue } from "./config-issue.ts";
import { hideUserinfo } from "./upstream-url.ts";

export type ConfigFileRead = { readonly entries: readonly Entry[]; readonly issues: readonly ConfigIssue[] };

export interface FileForm {
  /** Depth of the names that the file may contain. Deeper values are not read. */
  readonly maxDepth: number;
  /** What the top level contains, for the error message. */
  readonly top: string;
}

/** Section, provider, setting. */
const CONFIGURATION: FileForm = { maxDepth: 3, top: "sections (server:, admin:, …)" };

/**
 * Reads a configuration in YAML or JSON as plain entries. Only maps and scalars of the YAML 1.2 core schema are allowed.
 * Anchors, aliases, merge keys, tags and directives are rejected, because each of them makes a file mean something other
 * than what an operator reads in it.
 */
export function readConfigFile(text: string, file: string, form: FileForm = CONFIGURATION): ConfigFileRead {
  const lines = new LineCounter();
  const issues: ConfigIssue[] = [];
  const report: Report = (offset, message, key) => {
    const { line, col } = lines.linePos(offset);
    issues.push({ source: file, line, column: col, key, message });
  };
  const nesting = tooDeep(text);
  if (nesting !== undefined)
    return { entries: [], issues: [{ source: file, line: nesting, message: "the nesting is too deep" }] };

  const document = parseDocument(text, {
    version: "1.2",
    schema: "core",
    merge: false,
    strict: true,
    uniqueKeys: false,
    prettyErrors: false,
    // "silent" would also hide the error about a second document.
    logLevel: "error",
    lineCounter: lines,
  });
  const hasDirectives = document.directives?.yaml.explicit === true;
  if (hasDirectives) report(0, "YAML directives (%YAML, %TAG) are not allowed");
  for (const problem of [...document.errors, ...document.warnings]) report(problem.pos[0], describe(problem));
  if (issues.length > 0) return { entries: [], issues };
  const entries: Entry[] = [];
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const add: Add = ({ path, offsets }, value, offset) => {
    entries.push({ path, value, origin: { kind: "file", file, ...place(offset) }, keys: offsets.map(place) });
  };
  walkDocument(document, { report, add, form });
  return { entries, issues };
}

type Report = (offset: number, message: string, key?: string) => void;
type Add = (at: Location, value: unknown, offset: number) => void;

interface Location {
  readonly path: readonly string[];
  /** Offset of each name of the path. */
  readonly offsets: readonly number[];
}

interface Walk {
  readonly report: Report;
  readonly add: Add;
  readonly form: FileForm;
}

function walkDocument(document: Document.Parsed, walk: Walk): void {
  const root = document.contents;
  if (root === null || (isScalar(root) && root.value === null)) return;
  if (!isMap(root)) return walk.report(root.range[0], `the file must contain ${walk.form.top}`);
  walkNode(root, { path: [], offsets: [] }, walk);
}

function walkNode(node: Node, at: Location, walk: Walk): void {
  const offset = node.range?.[0] ?? 0;
  const key = at.path.join(".") || undefined;
  if (isAlias(node)) return walk.report(offset, "YAML aliases (*name) are not allowed", key);
  if ("anchor" in node && node.anchor !== undefined) {
    return walk.report(offset, "YAML anchors (&name) are not allowed", key);
  }
  if (node.tag !== undefined) return walk.report(offset, "YAML tags (!name) are not allowed", key);
  if (isScalar(node)) return walk.add(at, plainValue(node), offset);
  if (!isMap(node)) return walk.add(at, [], offset);
  if (at.path.length >= walk.form.maxDepth) return walk.add(at, {}, offset);
  if (node.items.length === 0) return walk.add(at, null, offset);

  const seen = new Set<string>();
  for (const item of node.items) {
    // as: a parsed map's keys and values are nodes; an absent value is null.
    const keyNode = item.key as Node;
    const value = item.value as Node | null;
    const keyOffset = keyNode.range?.[0] ?? offset;
    if (!isScalar(keyNode) || isTagged(keyNode)) {
      walk.report(keyOffset, "a key must be a plain name", key);
      continue;
    }
    const name = typeof keyNode.value === "string" ? keyNode.value : (keyNode.source ?? "");
    const inner = { path: [...at.path, name], offsets: [...at.offsets, keyOffset] };
    if (seen.has(name)) walk.report(keyOffset, "this key appears twice", inner.path.join("."));
    else if (name === "<<") walk.report(keyOffset, "YAML merge keys (<<) are not allowed", key);
    else if (value === null) walk.add(inner, null, keyOffset);
    else walkNode(value, inner, walk);
    seen.add(name);
  }
}

function isTagged(node: Scalar): boolean {
  return node.tag !== undefined || node.anchor !== undefined;
}

/**
 * Only plain decimal numbers are numbers. `012`, `0x10` and `1e3` stay text, because readers disagree on what they mean.
 * So `file_mode: 0640` means what it says.
 */
function plainValue(node: Scalar): unknown {
  const { value, source } = node;
  if (typeof value !== "number" || node.type !== Scalar.PLAIN || source === undefined) return value;
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(source) ? value : source;
}

/** The line at which brackets nest more than 100 deep. The YAML parser is recursive and would overflow the stack. */
function tooDeep(text: string): number | undefined {
  let depth = 0;
  let line = 1;
  for (const character of text) {
    if (character === "\n") line += 1;
    else if (character === "[" || character === "{") depth += 1;
    else if (character === "]" || character === "}") depth -= 1;
    if (depth > 100) return line;
  }
  return undefined;
}

function describe(problem: { readonly code: string; readonly message: string }): string {
  if (problem.code === "TAB_AS_INDENT") return "a tab is used for indentation; use spaces";
  if (problem.code === "MULTIPLE_DOCS") return "the file contains more than one YAML document";
  if (problem.code === "TAG_RESOLVE_FAILED") return "YAML tags (!name) are not allowed";
  if (problem.message.startsWith("Maximum call stack")) return "the nesting is too deep";
  return `not valid YAML: ${hideUserinfo(problem.message.split("\n", 1)[0] ?? "")}`;
}
