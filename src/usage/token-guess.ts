import { BACKSLASH } from "./ascii.ts";

/**
 * About how many tokens the text is that has passed, by the script it is in. Works on the bytes as they lie between the quotes
 * of a JSON string, and looks at the first byte of a character alone.
 */
export class TokenGuess {
  #weight = 0;
  /** 1 where the text so far ends within a word of Latin letters. */
  #inWord = 0;
  /** The text so far ends in a backslash. */
  #escape = false;

  get tokens(): number {
    return Math.round(this.#weight / 1000);
  }

  /** Takes a range; of a long one only every eighth part, which is true enough and keeps megabytes cheap. */
  add(bytes: Buffer, from: number, to: number): void {
    if (to - from <= WHOLE) {
      this.#weight += this.#weigh(bytes, from, to);
      return;
    }
    for (let at = from; at < to; at += BLOCK) {
      const block = Math.min(BLOCK, to - at);
      const start = behindEscape(bytes, at, to);
      const end = behindEscape(bytes, Math.min(start + SAMPLE, to), to);
      if (end > start) this.#weight += (this.#weigh(bytes, start, end) * block) / (end - start);
      this.#escape = false;
    }
  }

  /** In thousandths of a token: this runs for every byte of text, where whole numbers are twice as fast. */
  #weigh(bytes: Buffer, from: number, to: number): number {
    let weight = 0;
    let inWord = this.#inWord;
    let escape = this.#escape;
    for (let at = from; at < to; at++) {
      const byte = bytes[at] ?? 0;
      let kind = KIND_OF[byte] ?? OTHER;
      if (escape) {
        escape = false;
        const unit = byte === LETTER_U ? codeUnit(bytes, at + 1, to) : undefined;
        kind = unit === undefined ? (KIND_OF_ESCAPE[byte] ?? PUNCTUATION) : kindOfUnit(unit);
        if (unit !== undefined) at += 4;
      } else if (kind >= UNSURE) {
        escape = kind === ESCAPE;
        kind = escape ? INSIDE : kindOfUnit(((byte & 15) << 12) | (((bytes[at + 1] ?? 0) & 63) << 6));
      }
      if (kind === INSIDE) continue;

      const letter = IN_WORDS[kind] ?? 0;
      weight += (WEIGHTS[kind] ?? 0) + WORD * (letter & ~inWord);
      inWord = letter;
    }
    this.#inWord = inWord;
    this.#escape = escape;
    return weight;
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
/** The first byte alone does not tell. */
const UNSURE = 20;
const ESCAPE = 21;

const WHOLE = 4096;
const BLOCK = 1024;
const SAMPLE = 128;
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
    if (byte === BACKSLASH) return ESCAPE;
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
 * Thousandths of a token for each, in the order of the kinds above. Fitted by least squares against the o200k encoding on
 * manual pages, messages of programs and source code in some twenty languages; `docs/estimates.md` says how far off that is
 * elsewhere.
 */
const WEIGHTS: Uint16Array = Uint16Array.of(
  0,
  180,
  1150,
  85,
  950,
  250,
  640,
  400,
  300,
  400,
  370,
  380,
  390,
  420,
  700,
  880,
  810,
  800,
  2500,
  1000,
);
/** More for each word of Latin letters. */
const WORD = 320;
const IN_WORDS: Uint8Array = Uint8Array.from(WEIGHTS, (_, kind) => (kind === LETTER || kind === LATIN ? 1 : 0));
