import { crc32 } from "node:zlib";

type State = "head" | "length" | "size" | "data" | "data-end" | "trailers" | "done";

/** Parses one HTTP/1.1 response as it arrives; keeps its status, request id, length and checksum. */
export class ResponseReader {
  status = 0;
  requestId: string | undefined;
  bodyBytes = 0;
  bodyCrc = 0;
  /** The connection can be used for another request. */
  keepAlive = true;
  #state: State = "head";
  /** An incomplete head, chunk size or trailer. */
  #line = "";
  #remaining = 0;

  get done(): boolean {
    return this.#state === "done";
  }

  get started(): boolean {
    return this.#state !== "head";
  }

  push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#state === "done") throw new Error("bytes after the end of a response");
      at = this.#state === "length" || this.#state === "data" ? this.#body(bytes, at) : this.#text(bytes, at);
    }
  }

  #body(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#remaining);
    const part = bytes.subarray(at, end);
    this.bodyBytes += part.length;
    this.bodyCrc = crc32(part, this.bodyCrc);
    this.#remaining -= part.length;
    if (this.#remaining === 0) this.#state = this.#state === "length" ? "done" : "data-end";
    return end;
  }

  /** Reads a line, or a complete head; buffers an incomplete one. */
  #text(bytes: Buffer, at: number): number {
    const mark = this.#state === "head" ? "\r\n\r\n" : "\r\n";
    const before = this.#line.length;
    this.#line += bytes.toString("latin1", at);
    const found = this.#line.indexOf(mark);
    if (found === -1) return bytes.length;
    const line = this.#line.slice(0, found);
    this.#line = "";
    this.#take(line);
    return at + found + mark.length - before;
  }

  #take(line: string): void {
    switch (this.#state) {
      case "head":
        this.#head(line);
        break;
      case "size": {
        this.#remaining = Number.parseInt(line, 16);
        if (Number.isNaN(this.#remaining)) throw new Error(`invalid chunk size: ${JSON.stringify(line)}`);
        this.#state = this.#remaining === 0 ? "trailers" : "data";
        break;
      }
      case "data-end":
        if (line !== "") throw new Error(`bytes after a chunk: ${JSON.stringify(line)}`);
        this.#state = "size";
        break;
      default:
        if (line === "") this.#state = "done";
    }
  }

  #head(head: string): void {
    this.status = Number(head.slice(9, 12));
    const field = (name: string): string | undefined => new RegExp(`\r\n${name}: *([^\r]*)`, "i").exec(head)?.[1];
    this.requestId = field("x-request-id") ?? field("request-id");
    this.keepAlive = !/^close$/i.test(field("connection") ?? "");
    const length = field("content-length");
    this.#remaining = Number(length ?? 0);
    if (length === undefined) this.#state = "size";
    else this.#state = this.#remaining === 0 ? "done" : "length";
    if (length === undefined && field("transfer-encoding") === undefined) throw new Error(`no framing: ${head}`);
  }
}
