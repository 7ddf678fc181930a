/** Reads the parts of the documents that tests compare with the code. Supports the Markdown that the documents use, no more. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const repository = join(import.meta.dirname, "../..");

export interface CodeBlock {
  /** The language after the opening fence; empty if none is given. */
  readonly language: string;
  readonly text: string;
  /** Of the opening fence, the first line being 1. */
  readonly line: number;
}

export function readDocument(path: string): string {
  return readFileSync(join(repository, path), "utf8");
}

export function codeBlocks(markdown: string): readonly CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { language: string; line: number; lines: string[] } | undefined;
  for (const [index, line] of markdown.split("\n").entries()) {
    if (open === undefined) {
      const language = /^```(\S*)$/.exec(line)?.[1];
      if (language !== undefined) open = { language, line: index + 1, lines: [] };
    } else if (line === "```") {
      blocks.push({ language: open.language, text: open.lines.join("\n"), line: open.line });
      open = undefined;
    } else open.lines.push(line);
  }
  if (open !== undefined) throw new Error(`the code block that begins on line ${open.line} never ends`);
  return blocks;
}

/** Everything but the code blocks, line numbers kept. */
export function prose(markdown: string): string {
  return markdown.replace(/^```[\s\S]*?^```$/gm, (block) => block.replace(/[^\n]/g, ""));
}

export interface Paragraph {
  readonly text: string;
  /** Of its first line, the first line of the document being 1. */
  readonly line: number;
}

/** Paragraphs and list items, each as one line of text; no tables, headings or code blocks. */
export function paragraphs(markdown: string): readonly Paragraph[] {
  const found: Paragraph[] = [];
  let isOpen = false;
  for (const [index, line] of prose(markdown).split("\n").entries()) {
    const text = line.trim();
    if (text === "" || /^[|#]/.test(text)) {
      isOpen = false;
      continue;
    }
    const last = found.at(-1);
    if (isOpen && last !== undefined && !/^(?:-|\d+\.) /.test(text)) {
      found[found.length - 1] = { ...last, text: `${last.text} ${text}` };
    } else found.push({ text, line: index + 1 });
    isOpen = true;
  }
  return found;
}

/** The anchors that GitHub gives to the headings. */
export function anchors(markdown: string): ReadonlySet<string> {
  const found = new Set<string>();
  for (const [, heading = ""] of prose(markdown).matchAll(/^#{1,6} +(.+)$/gm)) {
    const slug = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, "")
      .replaceAll(" ", "-");
    let anchor = slug;
    for (let count = 1; found.has(anchor); count += 1) anchor = `${slug}-${count}`;
    found.add(anchor);
  }
  return found;
}

export interface Link {
  readonly target: string;
  readonly line: number;
}

export function links(markdown: string): readonly Link[] {
  const found: Link[] = [];
  for (const [index, line] of prose(markdown).split("\n").entries()) {
    const text = line.replace(/`[^`]*`/g, "");
    for (const [, target = ""] of text.matchAll(/\]\(([^()\s]+)\)/g)) found.push({ target, line: index + 1 });
  }
  return found;
}

/** The cells of every table row below the heading, up to the next heading of the same or a higher level. */
export function rowsBelow(markdown: string, heading: string): readonly (readonly string[])[] {
  const lines = prose(markdown).split("\n");
  const start = lines.findIndex((line) => line.replace(/^#+ /, "") === heading && line.startsWith("#"));
  if (start === -1) throw new Error(`there is no heading "${heading}"`);
  const level = /^#+/.exec(lines[start] ?? "")?.[0].length ?? 1;
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => /^#+ /.test(line) && (/^#+/.exec(line)?.[0].length ?? 9) <= level);
  return rest
    .slice(0, end === -1 ? undefined : end)
    .filter((line) => line.startsWith("|") && !/^[|\s:-]+$/.test(line))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** The texts in backquotes. */
export function codeSpans(text: string): readonly string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, span = ""]) => span);
}
