import { BACKSLASH } from "./ascii.ts";

/**
 * How much text of which script has passed: the measure of how many tokens it may be. Works on the bytes as they lie between
 * the quotes of a JSON string, and looks at the first byte of a character alone.
 */
export class ScriptCounts {
  readonly #counts = new Float64Array(KINDS);
  /** Length of the word that the text so far ends in, where its script has words. */
  #word = 0;
  /** The text so far ends in a backslash. */
  #escape = false;

  /** Counts a range; of a long one only every eighth part, which is true enough and keeps megabytes cheap. */
  add(bytes: Buffer, from: number, to: number): void {
    if (to - from <= WHOLE) return this.#look(bytes, from, to, 1);
    for (let at = from; at < to; at += BLOCK) {
      const block = Math.min(BLOCK, to - at);
      const start = behindEscape(bytes, at, to);
      const end = behindEscape(bytes, Math.min(start + SAMPLE, to), to);
      if (end > start) this.#look(bytes, start, end, block / (end - start));
      this.#escape = false;
    }
  }

  /** The tokens that this much text is, as a tokenizer of today cuts it. */
  get tokens(): number {
    let tokens = 0;
    for (let kind = 0; kind < KINDS; kind++) tokens += (this.#counts[kind] ?? 0) * (WEIGHTS[kind] ?? 0);
    return Math.round(tokens);
  }

  #look(bytes: Buffer, from: number, to: number, weight: number): void {
    const counts = this.#counts;
    let word = this.#word;
    let escape = this.#escape;
    for (let at = from; at < to; at++) {
      const byte = bytes[at] ?? 0;
      let kind = KIND_OF[byte] ?? OTHER;
      if (escape) {
        escape = false;
        const unit = byte === LETTER_U ? codeUnit(bytes, at + 1, to) : undefined;
        kind = unit === undefined ? (KIND_OF_ESCAPE[byte] ?? PUNCTUATION) : kindOfUnit(unit);
        if (unit !== undefined) at += 4;
      } else if (byte === BACKSLASH) {
        escape = true;
        continue;
      } else if (kind === UNSURE) kind = kindOfUnit(((byte & 15) << 12) | (((bytes[at + 1] ?? 0) & 63) << 6));
      if (kind === INSIDE) continue;

      counts[kind] = (counts[kind] ?? 0) + weight;
      if (kind !== LETTER && kind !== LATIN) word = 0;
      else if (++word === 1) counts[WORD] = (counts[WORD] ?? 0) + weight;
      else if (word > SHORT_WORD) counts[LONG] = (counts[LONG] ?? 0) + weight;
    }
    this.#word = word;
    this.#escape = escape;
  }
}

/** The place itself, or where the `\uXXXX` that it lies in ends: half of one would be taken for a number. */
function behindEscape(bytes: Buffer, at: number, to: number): number {
  for (let back = 1; back <= 5; back++) {
    if (bytes[at - back] !== BACKSLASH) continue;
    return Math.min(to, bytes[at - back + 1] === LETTER_U ? at - back + 6 : back === 1 ? at + 1 : at);
  }
  return at;
}

/** The UTF-16 code unit of a `\uXXXX` whose digits begin here; `undefined` where they are not all there. */
function codeUnit(bytes: Buffer, from: number, to: number): number | undefined {
  if (from + 4 > to) return undefined;
  const unit = Number.parseInt(bytes.toString("latin1", from, from + 4), 16);
  return Number.isNaN(unit) ? undefined : unit;
}

function kindOfUnit(unit: number): number {
  if (unit < 0x80) return KIND_OF[unit] ?? OTHER;
  for (const [end, kind] of BLOCKS) if (unit < end) return kind;
  return OTHER;
}

const INSIDE = 0;
const LETTER = 1;
const DIGIT = 2;
const SPACE = 3;
const LINE = 4;
const PUNCTUATION = 5;
const LATIN = 6;
const GREEK = 7;
const CYRILLIC = 8;
const HEBREW = 9;
const ARABIC = 10;
const DEVANAGARI = 11;
const INDIC = 12;
const THAI = 13;
const KANA = 14;
const HAN = 15;
const HANGUL = 16;
const SYMBOL = 17;
const EMOJI = 18;
const OTHER = 19;
/** Words of Latin letters, and their letters beyond what is usually one token. */
const WORD = 20;
const LONG = 21;
const KINDS = 22;
/** The first byte alone does not tell. */
const UNSURE = 22;

const SHORT_WORD = 6;
const WHOLE = 16_384;
const BLOCK = 2048;
const SAMPLE = 256;
const LETTER_U = 0x75;

/** Unicode blocks by their ends (https://www.unicode.org/Public/UNIDATA/Blocks.txt), as coarse as tokenizers are. */
const BLOCKS: readonly (readonly [end: number, kind: number])[] = [
  [0xc0, SYMBOL],
  [0x370, LATIN],
  [0x400, GREEK],
  [0x530, CYRILLIC],
  [0x590, OTHER],
  [0x600, HEBREW],
  [0x700, ARABIC],
  [0x750, OTHER],
  [0x780, ARABIC],
  [0x900, OTHER],
  [0x980, DEVANAGARI],
  [0xe00, INDIC],
  [0xf00, THAI],
  [0x1e00, OTHER],
  [0x2000, LATIN],
  [0x3040, SYMBOL],
  [0x3100, KANA],
  [0x3400, SYMBOL],
  [0xa000, HAN],
  [0xac00, OTHER],
  [0xd7b0, HANGUL],
  [0xdc00, EMOJI],
  // The second half of a pair, whose first half was counted.
  [0xe000, INSIDE],
  [0xfb00, HAN],
  [0xfe00, ARABIC],
  [0x10000, SYMBOL],
];

/** By the first byte of a character in UTF-8. */
const KIND_OF: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => kindOfByte(byte));

function kindOfByte(byte: number): number {
  if (byte < 0x80) {
    if (byte === 0x20) return SPACE;
    if (byte < 0x20) return LINE;
    const character = String.fromCharCode(byte);
    if (/[A-Za-z]/.test(character)) return LETTER;
    return /\d/.test(character) ? DIGIT : PUNCTUATION;
  }
  if (byte < 0xc0) return INSIDE;
  if (byte <= 0xc2) return SYMBOL;
  if (byte < 0xe0) return kindOfUnit((byte & 31) << 6);
  if (byte >= 0xf0) return EMOJI;
  return byte >= 0xe4 && byte <= 0xe9 ? HAN : UNSURE;
}

const KIND_OF_ESCAPE: Readonly<Record<number, number>> = { 0x6e: LINE, 0x72: LINE, 0x74: LINE };

/**
 * Tokens for each, in the order of the kinds above. Fitted by least squares against the o200k encoding on manual pages,
 * messages of programs and source code in some twenty languages; `docs/estimates.md` says how far off that is elsewhere.
 */
const WEIGHTS: readonly number[] = [
  0, 0.18, 1.15, 0.085, 0.95, 0.25, 0.64, 0.4, 0.3, 0.4, 0.37, 0.38, 0.39, 0.42, 0.7, 0.88, 0.81, 0.8, 2.5, 1, 0.31,
  0.03,
];
