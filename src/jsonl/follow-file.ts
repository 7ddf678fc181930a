import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { errorCode } from "../core/errno.ts";
import { LINE_END } from "./file-bytes.ts";

/** The file is looked at several times a second, so that each look finds little that is new. */
const BLOCK_BYTES = 256 * 1024;
/** Longer than any record; an unfinished line beyond it is dropped instead of held in memory. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;
// Without O_NONBLOCK, opening a FIFO would wait for a writer that may never come.
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

interface OpenedFile {
  readonly file: FileHandle;
  readonly inode: number;
  readonly size: number;
}

/** Reads the lines that are appended to a file while other programs write, rotate and remove it. */
export class FileFollower {
  readonly #path: string;
  #file: FileHandle | undefined;
  #inode = 0;
  #offset = 0;
  #unfinished: Buffer = Buffer.alloc(0);

  constructor(path: string) {
    this.#path = path;
  }

  /** Skips what the file holds now. A file that does not exist yet will be read from its beginning. */
  async begin(): Promise<void> {
    const found = await this.#openNext();
    if (found === undefined) return;
    await this.#switchTo(found);
    this.#offset = found.size;
  }

  /** The whole lines appended since the last time. A file that came and went between two looks is missed. */
  async *lines(): AsyncGenerator<string> {
    // The next file is opened before lines of the old one are yielded, because their reader may rotate the next one away.
    const next = await this.#openNext();
    try {
      // The old file is read to its end before the one that has taken its name.
      if (this.#file !== undefined) yield* this.#readRest(this.#file);
    } catch (error) {
      await next?.file.close();
      throw error;
    }
    if (next === undefined) return;
    await this.#switchTo(next);
    yield* this.#readRest(next.file);
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  /** The file that has the name now, unless it is the one that is open. */
  async #openNext(): Promise<OpenedFile | undefined> {
    try {
      const found = await stat(this.#path);
      // Reading a pipe would take the lines away from its real reader.
      if (!found.isFile() || (this.#file !== undefined && found.ino === this.#inode)) return undefined;
      const file = await open(this.#path, OPEN_FLAGS);
      // Another file may have taken the name since.
      const { ino, size } = await file.stat();
      return { file, inode: ino, size };
    } catch (error) {
      if (errorCode(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  async #switchTo({ file, inode }: OpenedFile): Promise<void> {
    await this.close();
    this.#file = file;
    if (inode === this.#inode) return;
    this.#inode = inode;
    this.#rewind();
  }

  #rewind(): void {
    this.#offset = 0;
    this.#unfinished = Buffer.alloc(0);
  }

  async *#readRest(file: FileHandle): AsyncGenerator<string> {
    // Another program truncated the file.
    if ((await file.stat()).size < this.#offset) this.#rewind();
    for (;;) {
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(BLOCK_BYTES), 0, BLOCK_BYTES, this.#offset);
      if (bytesRead === 0) return;
      this.#offset += bytesRead;
      const bytes = Buffer.concat([this.#unfinished, buffer.subarray(0, bytesRead)]);
      const end = bytes.lastIndexOf(LINE_END) + 1;
      this.#unfinished = bytes.length - end > MAX_LINE_BYTES ? Buffer.alloc(0) : bytes.subarray(end);
      if (end > 0) yield* bytes.toString("utf8", 0, end - 1).split("\n");
    }
  }
}
