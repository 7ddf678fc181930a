import { constants } from "node:fs";
import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { errorCode } from "../core/errno.ts";
import { LINE_END } from "./file-bytes.ts";

/** The file is looked at several times a second, so that each look finds little that is new. */
const BLOCK_BYTES = 256 * 1024;
/** Longer than any record; an unfinished line beyond it is dropped instead of held in memory. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;
/** Rotations between two looks. Only a machine that hardly runs this process has more than one. */
const MAX_MISSED_FILES = 20;
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

  /** The whole lines appended since the last time. */
  async *lines(): AsyncGenerator<string> {
    // The next files are opened before lines of the old one are yielded, because their reader may rotate or remove them.
    const next = await this.#openNext();
    const files = next === undefined ? [] : [next];
    try {
      if (next !== undefined) files.unshift(...(await this.#openMissed(next.inode)));
      // The old file is read to its end before those that have taken its name.
      if (this.#file !== undefined) yield* this.#readRest(this.#file);
      for (let opened = files.shift(); opened !== undefined; opened = files.shift()) {
        await this.#switchTo(opened);
        yield* this.#readRest(opened.file);
      }
    } finally {
      for (const { file } of files) await file.close();
    }
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

  /**
   * The files that had the name after the one that is open and before the one with the inode `next`. Rotation gives them
   * names that sort by time.
   */
  async #openMissed(next: number): Promise<readonly OpenedFile[]> {
    if (this.#file === undefined) return [];
    let missed: string[] = [];
    for (const path of await this.#rotatedFiles()) {
      const inode = (await stat(path).catch(() => undefined))?.ino;
      if (inode === this.#inode) return openAll(missed.toReversed());
      // It was rotated away meanwhile, so what is newer comes with the next look.
      if (inode === next) missed = [];
      else if (inode !== undefined) missed.push(path);
      if (missed.length > MAX_MISSED_FILES) break;
    }
    return [];
  }

  /** The latest first. */
  async #rotatedFiles(): Promise<readonly string[]> {
    const [directory, name] = [dirname(this.#path), basename(this.#path)];
    const extension = extname(name);
    const stem = name.slice(0, name.length - extension.length);
    return (await readdir(directory))
      .filter((each) => each !== name && each.startsWith(`${stem}-`) && each.endsWith(extension))
      .toSorted()
      .toReversed()
      .map((each) => join(directory, each));
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

async function openAll(paths: readonly string[]): Promise<readonly OpenedFile[]> {
  const opened: OpenedFile[] = [];
  for (const path of paths) {
    try {
      const file = await open(path, OPEN_FLAGS);
      const { ino, size } = await file.stat();
      opened.push({ file, inode: ino, size });
    } catch (error) {
      if (errorCode(error) === "ENOENT") continue; // It was removed meanwhile.
      for (const { file } of opened) await file.close();
      throw error;
    }
  }
  return opened;
}
