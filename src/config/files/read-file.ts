import { closeSync, constants, fstatSync, openSync, readSync, type BigIntStats } from "node:fs";
import { open, stat, type FileHandle } from "node:fs/promises";

export interface FileContent {
  readonly bytes: Buffer;
  /** Differs whenever the file's metadata (inode, size, times) does. */
  readonly fingerprint: string;
}

export interface FileIssue {
  /** The system's error code, such as `ENOENT`, or one of `NOT_A_FILE`, `TOO_LARGE`, `CHANGING`. */
  readonly code: string;
  readonly message: string;
}

// Without O_NONBLOCK, opening a FIFO would wait until another process opens it for writing.
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Reads a regular file of at most `maxBytes`. A file whose content changes while it is read is an issue. */
export async function readRegularFile(path: string, maxBytes: number): Promise<FileContent | FileIssue> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, OPEN_FLAGS);
    const before = await handle.stat({ bigint: true });
    const issue = issueOf(before, maxBytes);
    if (issue !== undefined) return issue;
    const bytes = Buffer.alloc(Number(before.size));
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return contentOf(bytes, filled, before, await handle.stat({ bigint: true }));
  } catch (error) {
    return issueFrom(error);
  } finally {
    await handle?.close();
  }
}

/** The synchronous form, for the start and for commands. */
export function readRegularFileSync(path: string, maxBytes: number): FileContent | FileIssue {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, OPEN_FLAGS);
    const before = fstatSync(descriptor, { bigint: true });
    const issue = issueOf(before, maxBytes);
    if (issue !== undefined) return issue;
    const bytes = Buffer.alloc(Number(before.size));
    let filled = 0;
    while (filled < bytes.length) {
      const count = readSync(descriptor, bytes, filled, bytes.length - filled, filled);
      if (count === 0) break;
      filled += count;
    }
    return contentOf(bytes, filled, before, fstatSync(descriptor, { bigint: true }));
  } catch (error) {
    return issueFrom(error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function contentOf(bytes: Buffer, filled: number, before: BigIntStats, after: BigIntStats): FileContent | FileIssue {
  // Only the change time (ctime) differs when the file got another name, or lost its name to a new
  // file: what was read is then the whole old file.
  const unchanged = filled === bytes.length && after.size === before.size && after.mtimeNs === before.mtimeNs;
  return unchanged ? { bytes, fingerprint: fingerprintOf(after) } : changing();
}

/** The fingerprint of the file at `path`, symbolic links followed; the error code if it cannot be read. */
export async function fingerprintAt(path: string): Promise<string> {
  try {
    return fingerprintOf(await stat(path, { bigint: true }));
  } catch (error) {
    return issueFrom(error).code;
  }
}

function fingerprintOf(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`;
}

function issueOf(stats: BigIntStats, maxBytes: number): FileIssue | undefined {
  if (stats.isDirectory()) return { code: "NOT_A_FILE", message: "this is a directory, not a file" };
  if (!stats.isFile()) return { code: "NOT_A_FILE", message: "this is not a regular file" };
  if (stats.size > BigInt(maxBytes)) {
    return { code: "TOO_LARGE", message: `the file has ${stats.size} bytes; at most ${maxBytes} are allowed` };
  }
  return undefined;
}

function changing(): FileIssue {
  return { code: "CHANGING", message: "the file changed while it was read" };
}

function issueFrom(error: unknown): FileIssue {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") throw error;
  switch (error.code) {
    case "ENOENT":
    case "ENOTDIR":
      return { code: error.code, message: "there is no such file" };
    case "EACCES":
    case "EPERM":
      return { code: error.code, message: "this process has no permission to read the file" };
    case "EISDIR":
      return { code: "NOT_A_FILE", message: "this is a directory, not a file" };
    case "ELOOP":
      return { code: error.code, message: "the symbolic links form a loop" };
    case "ENXIO":
      return { code: "NOT_A_FILE", message: "this is not a regular file" };
    default:
      return { code: error.code, message: `the file cannot be read: ${error.code}` };
  }
}
