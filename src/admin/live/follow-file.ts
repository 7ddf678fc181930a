import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";

import { errorCode } from "../../core/errno.ts";

const NEWLINE = 0x0a;
const BLOCK = 256 * 1024;
/** A line that is longer is nobody's record. */
const MAX_LINE = 4 * 1024 * 1024;
// Without it, opening a FIFO would wait for a writer that may never come.
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** What is added at the end of a file that others write, rotate and remove. */
export class FileTail {
  readonly #path: string;
  #file: FileHandle | undefined;
  #inode = 0;
  #offset = 0;
  #rest: Buffer = Buffer.alloc(0);

  constructor(path: string) {
    this.#path = path;
  }

  /** From here on; a file that is not there yet counts from its beginning. */
  async begin(): Promise<void> {
    const found = await this.#look();
    if (found === undefined) return;
    await this.#open(found.inode);
    this.#offset = found.size;
  }

  /** The whole lines that came since. A file that came and went between two looks is not seen. */
  async *lines(): AsyncGenerator<string> {
    const found = await this.#look();
    // A file that was rotated away is complete once another has its name.
    if (this.#file !== undefined) yield* this.#drain(this.#file);
    if (found === undefined || (this.#file !== undefined && found.inode === this.#inode)) return;
    const file = await this.#open(found.inode);
    yield* this.#drain(file);
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  async #look(): Promise<{ readonly inode: number; readonly size: number } | undefined> {
    try {
      const found = await stat(this.#path);
      // UsageReading would take from a pipe what its reader is waiting for.
      return found.isFile() ? { inode: found.ino, size: found.size } : undefined;
    } catch (error) {
      if (errorCode(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  async #open(inode: number): Promise<FileHandle> {
    await this.close();
    const file = await open(this.#path, OPEN_FLAGS);
    this.#file = file;
    if (inode !== this.#inode) {
      this.#inode = inode;
      this.#offset = 0;
      this.#rest = Buffer.alloc(0);
    }
    return file;
  }

  async *#drain(file: FileHandle): AsyncGenerator<string> {
    if ((await file.stat()).size < this.#offset) {
      // Somebody emptied it.
      this.#offset = 0;
      this.#rest = Buffer.alloc(0);
    }
    for (;;) {
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(BLOCK), 0, BLOCK, this.#offset);
      if (bytesRead === 0) return;
      this.#offset += bytesRead;
      const bytes = Buffer.concat([this.#rest, buffer.subarray(0, bytesRead)]);
      const end = bytes.lastIndexOf(NEWLINE) + 1;
      this.#rest = bytes.length - end > MAX_LINE ? Buffer.alloc(0) : bytes.subarray(end);
      if (end > 0) yield* bytes.toString("utf8", 0, end - 1).split("\n");
    }
  }
}
