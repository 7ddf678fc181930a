import { BACKSLASH } from "../json/ascii.ts";

/**
 * Estimates the number of tokens of a text by its scripts. It reads the bytes between the quotes of a JSON string and
 * looks only at the first byte of most characters.
 */
export class TokenEstimator {
  /** Thousandths of a token: in the text that was read in full, and in the samples of the rest. */
  #fullyRead = 0;
  #sampled = 0;
  /** Bytes of text so far. */
  #bytesSeen = 0;
  /** 1 if the text so far ends inside a word of Latin letters. */
  #inWord = 0;
  /** The state inside a character whose script is not known from its first byte. */
  #state: State = PLAIN;
  #unit = 0;

  get tokens(): number {
    return Math.round((this.#fullyRead + (this.#sampled * BLOCK) / (SAMPLE - LEAD_IN)) / 1000);
  }

  /**
   * Counts a range. After the first kilobytes only samples are read, which is cheap and accurate enough. The samples
   * are at the same offsets of the text wherever its bytes are split.
   */
  add(bytes: Buffer, from: number, to: number): void {
    let at = from;
    while (at < to) {
      const room = FULLY_READ - this.#bytesSeen;
      const end = room > 0 ? Math.min(to, at + room) : this.#sample(bytes, at, to);
      if (room > 0) this.#fullyRead += this.#weigh(bytes, at, end);
      this.#bytesSeen += end - at;
      at = end;
    }
  }

  /** Takes the rest of a block or of its sample. Returns the index after it. */
  #sample(bytes: Buffer, from: number, to: number): number {
    const into = (this.#bytesSeen - FULLY_READ) % BLOCK;
    if (into >= SAMPLE) return Math.min(to, from + BLOCK - into);
    if (into === 0) this.#state = PLAIN;
    const end = Math.min(to, from + (into < LEAD_IN ? LEAD_IN : SAMPLE) - into);
    const weight = this.#weigh(bytes, from, end);
    // The first bytes of a sample may be the rest of an escape, so they are read and not counted.
    if (into >= LEAD_IN) this.#sampled += weight;
    return end;
  }

  /** Returns thousandths of a token: this runs for every byte of text, and integers are twice as fast. */
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

  /** Takes one byte of an escape or of a multi-byte character. Returns `INSIDE` until the kind is known. */
  #step(byte: number, kind: number): number {
    const state = this.#state;
    this.#state = PLAIN;
    if (state === ESCAPED) {
      if (byte !== LETTER_U) return KIND_OF_ESCAPE[byte] ?? PUNCTUATION;
      this.#unit = 0;
      this.#state = 4;
      return INSIDE;
    }
    if (state === LEAD_BYTE && kind === INSIDE) return kindOfUnit(this.#unit | ((byte & 63) << 6));
    const digit = state > 0 ? Number.parseInt(String.fromCharCode(byte), 16) : Number.NaN;
    if (!Number.isNaN(digit)) {
      this.#unit = (this.#unit << 4) | digit;
      if (state === 1) return kindOfUnit(this.#unit);
      // Reason for the cast: the state is 2, 3 or 4, so one less is a state as well.
      this.#state = (state - 1) as State;
      return INSIDE;
    }
    // The byte is plain or unexpected: a new character begins with it.
    if (kind < UNSURE) return kind;
    this.#state = kind === ESCAPE ? ESCAPED : LEAD_BYTE;
    this.#unit = (byte & 15) << 12;
    return INSIDE;
  }
}

/** The number of digits of a `\uXXXX` still to come, or one of the constants below. */
type State = 4 | 3 | 2 | 1 | typeof PLAIN | typeof ESCAPED | typeof LEAD_BYTE;
const PLAIN = 0;
/** After a backslash. */
const ESCAPED = -1;
/** After the first byte of a character whose second byte tells the script. */
const LEAD_BYTE = -2;

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
/** The first byte does not tell the kind. */
const UNSURE = 20;
const ESCAPE = 21;

const FULLY_READ = 8192;
const BLOCK = 1024;
const SAMPLE = 136;
/** The length of an escape plus the first byte of a character. */
const LEAD_IN = 8;
const LETTER_U = 0x75;

/**
 * The upper ends of Unicode blocks (https://www.unicode.org/Public/UNIDATA/Blocks.txt), as coarse as tokenizers are.
 */
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
  // The second half of a surrogate pair, whose first half was counted.
  [0xe000, INSIDE],
  [0xfb00, HAN],
  [0xfe00, ARABIC],
  [0x10000, SYMBOL],
];

/** The kind by the first byte of a UTF-8 character. */
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
 * Thousandths of a token for each kind, in the order above. Fitted by least squares against the o200k encoding on
 * manual pages, program messages and source code in about twenty languages. `docs/estimates.md` gives the error on
 * other texts.
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
/** Added for each word of Latin letters. */
const WORD = 320;
const IN_WORDS: Uint8Array = Uint8Array.from(WEIGHTS, (_, kind) => (kind === LETTER || kind === LATIN ? 1 : 0));
