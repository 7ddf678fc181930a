import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";

const ROOT = join(import.meta.dirname, "../..");
const IMPORT =
  /(?:^|\n)[ \t]*(?:import|export)\b(?:[^;"'`]*?\bfrom)?\s*["']([^"'\n]+)["']|\bimport\(\s*["']([^"'\n]+)["']|\bnew URL\(\s*["'](\.[^"'\n]+\.ts)["']/g;

export interface SourceFile {
  /** From the repository's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** Paths of our own files it imports, types included. */
  readonly ours: readonly string[];
  /** Everything else it imports, as written. */
  readonly foreign: readonly string[];
}

export function readSourceFiles(patterns: readonly string[]): readonly SourceFile[] {
  return globSync(patterns, { cwd: ROOT })
    .map((path) => path.split(sep).join("/"))
    .toSorted()
    .map((path) => parse(path, readFileSync(join(ROOT, path), "utf8")));
}

export function parse(path: string, text: string): SourceFile {
  const specifiers = [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
  const isOurs = (specifier: string): boolean => specifier.startsWith(".");
  const resolve = (specifier: string): string =>
    relative(ROOT, join(ROOT, dirname(path), specifier))
      .split(sep)
      .join("/");
  return {
    path,
    text,
    ours: specifiers.filter(isOurs).map(resolve),
    foreign: specifiers.filter((specifier) => !isOurs(specifier)),
  };
}

/** The module a file belongs to: the folder below src/, else the top folder. */
export function moduleOf(path: string): string {
  const [top = "", second = ""] = path.split("/");
  return top === "src" ? second : top;
}

/** Groups of files that import each other in a cycle, each as the path from a file back to itself. */
export function findCycles(files: readonly SourceFile[]): readonly string[] {
  const imports = new Map(files.map((file) => [file.path, file.ours]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const begin = trail.indexOf(path);
    if (begin >= 0) cycles.push([...trail.slice(begin), path].join(" → "));
    if (begin >= 0 || done.has(path)) return;
    for (const next of imports.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const file of files) visit(file.path, []);
  return cycles;
}
