import { readdirSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";

/** The closed segments of a stats file, oldest first: what rotation renamed and nobody writes any more. */
export function closedSegments(path: string): readonly string[] {
  const directory = dirname(path);
  const extension = extname(path);
  const stem = basename(path, extension);
  return readdirSync(directory)
    .filter((name) => name.startsWith(`${stem}-`) && name.endsWith(extension) && isStamp(name, stem, extension))
    .toSorted()
    .map((name) => join(directory, name));
}

/** `20261123T154530.123Z`, as `setAside` writes it. */
function isStamp(name: string, stem: string, extension: string): boolean {
  return /^\d{8}T\d{6}\.\d{3}Z$/.test(name.slice(stem.length + 1, name.length - extension.length));
}
