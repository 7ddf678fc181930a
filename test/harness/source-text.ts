/** One stretch of a source file that a reader reads. */
export interface TextPart {
  readonly kind: "identifier" | "comment" | "text";
  readonly value: string;
  readonly line: number;
}

const IDENTIFIER = /[A-Za-z_$][\w$]*/y;
const REGULAR_EXPRESSION = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
/** A slash begins a regular expression only where no value has just ended. */
const VALUE_ENDS = /[\w$)\]}]\s*$/;
const KEYWORD_ENDS = /\b(?:return|typeof|case|in|of|delete|void|throw|new|else|do)\s*$/;

/**
 * Splits TypeScript or TSX into identifiers, comments and string texts. It is a scanner, not a parser: the markup text of a TSX
 * file comes out as identifiers, which is what the vocabulary test wants, since it looks at words only.
 */
export function textParts(source: string): readonly TextPart[] {
  const parts: TextPart[] = [];
  let line = 1;
  let position = 0;
  const templates: number[] = [];
  let depth = 0;
  const take = (kind: TextPart["kind"], end: number): void => {
    const value = source.slice(position, end);
    parts.push({ kind, value, line });
    line += value.split("\n").length - 1;
    position = end;
  };
  const until = (pattern: RegExp, from: number): number => {
    pattern.lastIndex = from;
    return pattern.exec(source) === null ? source.length : pattern.lastIndex;
  };
  const template = (from: number): void => {
    const end = until(/(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y, from);
    if (source.startsWith("${", end - 2)) templates.push(depth);
    take("text", end);
  };
  while (position < source.length) {
    const character = source[position] ?? "";
    const two = source.slice(position, position + 2);
    if (two === "//") take("comment", until(/[^\n]*/y, position));
    else if (two === "/*") take("comment", until(/[\s\S]*?\*\//y, position));
    else if (character === '"' || character === "'") take("text", stringEnd(source, position));
    else if (character === "`") template(position + 1);
    else if (character === "}" && templates.at(-1) === depth) {
      templates.pop();
      template(position + 1);
    } else if (character === "/" && beginsRegExp(source.slice(Math.max(0, position - 80), position))) {
      REGULAR_EXPRESSION.lastIndex = position;
      position = REGULAR_EXPRESSION.test(source) ? REGULAR_EXPRESSION.lastIndex : position + 1;
    } else if (/[A-Za-z_$]/.test(character)) {
      IDENTIFIER.lastIndex = position;
      IDENTIFIER.exec(source);
      take("identifier", IDENTIFIER.lastIndex);
    } else {
      if (character === "{") depth++;
      if (character === "}") depth--;
      if (character === "\n") line++;
      position++;
    }
  }
  return parts;
}

function beginsRegExp(before: string): boolean {
  return !VALUE_ENDS.test(before) || KEYWORD_ENDS.test(before);
}

/** An apostrophe in the markup text of a TSX file opens no string: such a "string" would run over the end of its line. */
function stringEnd(source: string, from: number): number {
  const quote = source[from] ?? "";
  for (let index = from + 1; index < source.length; index++) {
    const character = source[index];
    if (character === "\\") index++;
    else if (character === quote) return index + 1;
    else if (character === "\n") break;
  }
  return from + 1;
}

/** The words of an identifier: `toRequestRecord` is to, request, record. */
export function identifierWords(name: string): readonly string[] {
  return (name.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+/g) ?? []).map((word) => word.toLowerCase());
}
