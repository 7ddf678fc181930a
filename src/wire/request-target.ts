import { malformed, type WireFault } from "./fault.ts";

// Some servers end a segment at these characters, at least after decoding: servlet containers read `..;` as `..`, and
// WHATWG parsers and Windows read `\` as `/`.
const SEGMENT_ENDS = "/\\;?#";

/**
 * Rejects targets that could leave the path they begin with: a `..` segment in any spelling, as RFC 3986, WHATWG or a
 * server that decodes twice would read it. A `.` segment is harmless and accepted. Call this only for targets that
 * contain a `.` or a `%`.
 */
export function targetFault(target: string): WireFault | undefined {
  if (target.includes("%00")) return malformed("the request target holds an encoded NUL");
  const query = target.indexOf("?");
  let path = query < 0 ? target : target.slice(0, query);
  for (let round = 0; ; round++) {
    if (path.includes("\0")) return malformed("the request target holds an encoded NUL");
    if (hasParentSegment(path)) return malformed("the request target holds a '..' segment");
    if (round === 2 || !path.includes("%")) return undefined;
    path = decodeOnce(path);
  }
}

function hasParentSegment(path: string): boolean {
  for (let at = path.indexOf(".."); at >= 0; at = path.indexOf("..", at + 1)) {
    const begins = at === 0 || path[at - 1] === "/" || path[at - 1] === "\\";
    if (begins && (at + 2 === path.length || SEGMENT_ENDS.includes(path.charAt(at + 2)))) return true;
  }
  return false;
}

/** Decodes valid escapes and leaves the rest, as lenient servers do. */
function decodeOnce(path: string): string {
  return path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
