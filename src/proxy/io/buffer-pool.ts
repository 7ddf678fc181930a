/** Below this a buffer of its own is cheap; Node.js cuts those of up to 4 KB from a larger one. */
export const MIN_PIECE_BYTES = 8_193;
const SIZES: readonly number[] = [16_384, 32_768, 65_536];
const MAX_SPARE = 16;

/**
 * The buffers that large answers pass through on a data thread, each used again as soon as the client's socket has taken
 * what was in it. Left to the garbage collector, which counts memory outside its heap only now and then, the same answers
 * have tens of megabytes lie about.
 */
export class BufferPool {
  readonly #spare: readonly Buffer[][] = SIZES.map(() => []);

  /** With room for `length` bytes, less than twice as many, and with somebody else's bytes in it. */
  take(length: number): Buffer {
    const size = sizeFor(length);
    return this.#spare[size]?.pop() ?? Buffer.allocUnsafeSlow(SIZES[size] ?? length);
  }

  /** Nobody looks at it any more. */
  giveBack(piece: Buffer): void {
    const spare = this.#spare[sizeFor(piece.length)];
    if (spare !== undefined && spare.length < MAX_SPARE) spare.push(piece);
  }
}

function sizeFor(length: number): number {
  let size = 0;
  while (length > (SIZES[size] ?? Infinity)) size++;
  return size;
}
