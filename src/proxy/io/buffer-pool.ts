/** Smaller reads get a buffer of their own, which is cheap: Node.js cuts buffers of up to 4 KB from a larger one. */
export const MIN_POOLED_BYTES = 8_193;
const SIZES: readonly number[] = [16_384, 32_768, 65_536];
const MAX_SPARE = 16;

/**
 * Reuses the buffers of large responses as soon as the client's socket has sent what was in them. The garbage collector
 * rarely accounts for memory outside its heap, so without the pool the same responses keep tens of megabytes allocated.
 */
export class BufferPool {
  readonly #spare: readonly Buffer[][] = SIZES.map(() => []);

  /** A buffer of at least `length` bytes and less than twice as many. It still holds the bytes of an earlier response. */
  acquire(length: number): Buffer {
    const size = sizeFor(length);
    return this.#spare[size]?.pop() ?? Buffer.allocUnsafeSlow(SIZES[size] ?? length);
  }

  /** The caller must not read the buffer after this. */
  release(buffer: Buffer): void {
    const spare = this.#spare[sizeFor(buffer.length)];
    if (spare !== undefined && spare.length < MAX_SPARE) spare.push(buffer);
  }
}

function sizeFor(length: number): number {
  let size = 0;
  while (length > (SIZES[size] ?? Infinity)) size++;
  return size;
}
