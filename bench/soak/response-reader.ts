import { crc32 } from "node:zlib";

type State = "head" | "length" | "size" | "data" | "data-end" | "trailers" | "done";

/** Reads one HTTP/1.1 answer piece by piece and keeps of it what can be compared: status, request id, length, checksum. */
export class AnswerReader {
  status = 0;
  requestId: string | undefined;
  bodyBytes = 0;
  bodyCrc = 0;
  /** The connection may carry another call. */
  keepAlive = true;
  #state: State = "head";
  /** An unfinished head, chunk size or trailer. */
  #line = "";
  #left = 0;

  get done(): boolean {
    return this.#state === "done";
  }

  get begun(): boolean {
    return this.#state !== "head";
  }

  push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#state === "done") throw new Error("bytes behind the end of an answer");
      at = this.#state === "length" || this.#state === "data" ? this.#body(bytes, at) : this.#text(bytes, at);
    }
  }

  #body(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#left);
    const piece = bytes.subarray(at, end);
    this.bodyBytes += piece.length;
    this.bodyCrc = crc32(piece, this.bodyCrc);
    this.#left -= piece.length;
    if (this.#left === 0) this.#state = this.#state === "length" ? "done" : "data-end";
    return end;
  }

  /** Takes a line, or a whole head; what is not whole yet waits. */
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
        this.#left = Number.parseInt(line, 16);
        if (Number.isNaN(this.#left)) throw new Error(`no chunk size: ${JSON.stringify(line)}`);
        this.#state = this.#left === 0 ? "trailers" : "data";
        break;
      }
      case "data-end":
        if (line !== "") throw new Error(`bytes behind a chunk: ${JSON.stringify(line)}`);
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
    this.#left = Number(length ?? 0);
    if (length === undefined) this.#state = "size";
    else this.#state = this.#left === 0 ? "done" : "length";
    if (length === undefined && field("transfer-encoding") === undefined) throw new Error(`no framing: ${head}`);
  }
}
