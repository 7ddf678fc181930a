import { open, type FileHandle } from "node:fs/promises";

import type { RequestRecord } from "../../src/core/request/request-record.ts";

const READ_BYTES = 1024 * 1024;

/** Reads a growing file of records; yields each line once, when it is complete. */
export class RecordReader {
  readonly #file: FileHandle;
  readonly #buffer = Buffer.allocUnsafe(READ_BYTES);
  #at = 0;
  #rest: Buffer = Buffer.alloc(0);

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async open(path: string): Promise<RecordReader> {
    return new RecordReader(await open(path, "r"));
  }

  async readNew(take: (record: RequestRecord) => void): Promise<void> {
    for (;;) {
      const { bytesRead } = await this.#file.read(this.#buffer, 0, READ_BYTES, this.#at);
      if (bytesRead === 0) return;
      this.#at += bytesRead;
      const bytes = Buffer.concat([this.#rest, this.#buffer.subarray(0, bytesRead)]);
      const end = bytes.lastIndexOf(10) + 1;
      this.#rest = bytes.subarray(end);
      for (const line of bytes.toString("utf8", 0, end).split("\n")) {
        if (line !== "") take(JSON.parse(line) as RequestRecord); // as: the verifier checks the fields
      }
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
