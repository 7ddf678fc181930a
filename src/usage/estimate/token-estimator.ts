import { BACKSLASH } from "../json/ascii.ts";

/**
 * About how many tokens the text is that has passed, by the script it is in. Works on the bytes as they lie between the quotes
 * of a JSON string, and looks at the first byte of a character alone.
 */
export class TokenEstimator {
  /** Thousandths of a token: in the text that was looked at whole, and in the samples of the rest. */
  #whole = 0;
  #sampled = 0;
  /** Bytes of text so far. */
  #seen = 0;
  /** 1 where the text so far ends within a word of Latin letters. */
  #inWord = 0;
  /** Within a character that takes several bytes to tell. */
  #state: State = PLAIN;
  #unit = 0;

  get tokens(): number {
    return Math.round((this.#whole + (this.#sampled * BLOCK) / (SAMPLE - QUIET)) / 1000);
  }

  /**
   * Takes a range. Beyond the first kilobytes of a call only samples are looked at, true enough and cheap; they lie at the same
   * places of the text wherever its bytes are cut.
   */
  add(bytes: Buffer, from: number, to: number): void {
    let at = from;
    while (at < to) {
      const room = WHOLE - this.#seen;
      const end = room > 0 ? Math.min(to, at + room) : this.#sample(bytes, at, to);
      if (room > 0) this.#whole += this.#weigh(bytes, at, end);
      this.#seen += end - at;
      at = end;
    }
  }

  /** Takes the rest of a block, or of the part of it that is looked at; returns where that ends. */
  #sample(bytes: Buffer, from: number, to: number): number {
    const into = (this.#seen - WHOLE) % BLOCK;
    if (into >= SAMPLE) return Math.min(to, from + BLOCK - into);
    if (into === 0) this.#state = PLAIN;
    const end = Math.min(to, from + (into < QUIET ? QUIET : SAMPLE) - into);
    const weight = this.#weigh(bytes, from, end);
    // The first bytes may be the rest of an escape, and only lead up to what counts.
    if (into >= QUIET) this.#sampled += weight;
    return end;
  }

  /** In thousandths of a token: this runs for every byte of text, where whole numbers are twice as fast. */
  #weigh(bytes: Buffer, from: number, to: number): number {
    let weight = 0;
    let inWord = this.#inWord;
    let isPlain = this.#state === PLAIN;
    for (let at = from; at < to; at++) {
      const byte = bytes[at] ?? 0;
      let kind = KIND_OF[byte] ?? OTHER;
      if (!isPlain || kind >= UNSURE) {
        kind = this.#step(byte, kind);
        isPlain = this.#state === PLAIN;
      }
      if (kind === INSIDE) continue;

      const letter = IN_WORDS[kind] ?? 0;
      weight += (WEIGHTS[kind] ?? 0) + WORD * (letter & ~inWord);
      inWord = letter;
    }
    this.#inWord = inWord;
    return weight;
  }

  /** One byte of an escape or of a character whose first byte leaves its script open; `INSIDE` until it is known. */
  #step(byte: number, kind: number): number {
    const state = this.#state;
    this.#state = PLAIN;
    if (state === ESCAPED) {
      if (byte !== LETTER_U) return KIND_OF_ESCAPE[byte] ?? PUNCTUATION;
      this.#unit = 0;
      this.#state = 4;
      return INSIDE;
    }
    if (state === LED && kind === INSIDE) return kindOfUnit(this.#unit | ((byte & 63) << 6));
    const digit = state > 0 ? Number.parseInt(String.fromCharCode(byte), 16) : Number.NaN;
    if (!Number.isNaN(digit)) {
      this.#unit = (this.#unit << 4) | digit;
      if (state === 1) return kindOfUnit(this.#unit);
      // Reason for the cast: one less than two to four.
      this.#state = (state - 1) as State;
      return INSIDE;
    }
    // Plain, or not what was to be expected: then the character begins anew.
    if (kind < UNSURE) return kind;
    this.#state = kind === ESCAPE ? ESCAPED : LED;
    this.#unit = (byte & 15) << 12;
    return INSIDE;
  }
}

/** The digits of a `\uXXXX` still to come, or one of those below. */
type State = 4 | 3 | 2 | 1 | typeof PLAIN | typeof ESCAPED | typeof LED;
const PLAIN = 0;
/** Behind a backslash. */
const ESCAPED = -1;
/** Behind the first byte of a character of which the second tells the script. */
const LED = -2;

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

const WHOLE = 8192;
const BLOCK = 1024;
const SAMPLE = 136;
/** As long as an escape and the first byte of a character. */
const QUIET = 8;
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
