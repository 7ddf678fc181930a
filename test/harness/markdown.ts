/** The documents as the tests see them: code blocks, headings, links. Just enough Markdown for how they are written here. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const repository = join(import.meta.dirname, "../..");

export interface CodeBlock {
  /** The word behind the opening fence; empty where there is none. */
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

/** What stands in backquotes, here and there. */
export function codeSpans(text: string): readonly string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, span = ""]) => span);
}
