import { LF, CR, SPACE, COLON, OPEN_BRACKET } from "../json/ascii.ts";
import { BoundedBuffer } from "../json/bounded-buffer.ts";
import type { FrameReader, FrameSink } from "./frame-reader.ts";
import { JsonPicker, type DocumentEnd } from "../json/json-picker.ts";
import type { Shape } from "../json/json-shape.ts";

/**
 * Reads server-sent events as bytes
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream). A frame that one buffer
 * contains whole is not copied. A frame too large to hold goes to the picker as it arrives, so an event of many
 * megabytes needs constant memory.
 */
export class SseReader implements FrameReader {
  readonly isStream = true;
  readonly #sink: FrameSink;
  readonly #picker: JsonPicker;
  #event: string | undefined;
  /** The beginning of a line that spans several buffers. */
  readonly #line = new BoundedBuffer();
  #lineMode: "line" | "to-picker" | "dropped" = "line";
  /** The data of the current frame: a range of the buffer being read, copied to `#kept` before that buffer is gone. */
  #hasData = false;
  #data: Buffer | undefined;
  #dataFrom = 0;
  #dataTo = 0;
  readonly #kept = new BoundedBuffer();
  #streaming = false;
  #skipLf = false;
  #ended = false;

  constructor(shape: Shape, sink: FrameSink) {
    this.#sink = sink;
    this.#picker = new JsonPicker(shape, (document) => sink.document(document, this.#event));
  }

  push(bytes: Buffer, from: number, to: number): void {
    let at = from;
    if (this.#skipLf && at < to) {
      this.#skipLf = false;
      if (bytes[at] === LF) at++;
    }

    let lf = -1;
    let cr = -1;
    while (at < to) {
      if (lf < at) lf = indexOfOrEnd(bytes, LF, at, to);
      if (cr < at) cr = indexOfOrEnd(bytes, CR, at, to);
      const end = Math.min(lf, cr);
      if (end === to) {
        this.#hold(bytes, at, to);
        break;
      }
      this.#endLine(bytes, at, end);
      at = end + 1;
      if (end === cr) {
        // CRLF is one line end, even if the buffer ends between the two bytes.
        if (at === to) this.#skipLf = true;
        else if (bytes[at] === LF) at++;
      }
    }
    this.#keepData();
  }

  /** Dispatches the pending frame, because some servers omit the last empty line. */
  end(): DocumentEnd {
    if (this.#lineMode !== "line" || this.#line.length > 0) this.#endLine(EMPTY, 0, 0);
    this.#dispatch();
    return "complete";
  }

  #endLine(bytes: Buffer, from: number, to: number): void {
    if (this.#lineMode === "line" && this.#line.length === 0) return this.#read(bytes, from, to, false);

    this.#hold(bytes, from, to);
    if (this.#lineMode === "line") {
      const line = this.#line.view();
      this.#read(line, 0, line.length, true);
    }
    this.#lineMode = "line";
    this.#line.clear();
  }

  /** Keeps a piece of a line. A line that is too long goes to the picker if it is data, and is dropped if not. */
  #hold(bytes: Buffer, from: number, to: number): void {
    if (this.#lineMode === "to-picker") return this.#picker.push(bytes, from, to);
    if (this.#lineMode === "dropped" || this.#line.append(bytes, from, to, MAX_LINE)) return;

    const room = from + MAX_LINE - this.#line.length;
    this.#line.append(bytes, from, room, MAX_LINE);
    const line = this.#line.view();
    const value = valueOf(line, 0, line.length, DATA);
    this.#lineMode = value === -1 || this.#ended ? "dropped" : "to-picker";
    if (this.#lineMode === "to-picker") {
      this.#stream(line, value, line.length);
      this.#picker.push(bytes, room, to);
    }
    this.#line.clear();
  }

  #read(bytes: Buffer, from: number, to: number, isTemporary: boolean): void {
    if (from === to) return this.#dispatch();

    const value = valueOf(bytes, from, to, DATA);
    if (value !== -1) {
      if (!this.#ended) this.#addData(bytes, value, to, isTemporary);
      return;
    }
    const name = valueOf(bytes, from, to, EVENT);
    if (name !== -1) this.#event = to - name > MAX_EVENT_NAME ? undefined : bytes.toString("latin1", name, to);
  }

  #addData(bytes: Buffer, from: number, to: number, isTemporary: boolean): void {
    const before = this.#hasData ? this.#dataTo - this.#dataFrom + this.#kept.length + 1 : 0;
    if (this.#streaming || before + to - from > MAX_FRAME) return this.#stream(bytes, from, to);

    if (!this.#hasData && !isTemporary) {
      this.#data = bytes;
      this.#dataFrom = from;
      this.#dataTo = to;
    } else {
      this.#keepData();
      if (this.#hasData) this.#kept.append(NEWLINE, 0, 1, MAX_FRAME);
      this.#kept.append(bytes, from, to, MAX_FRAME);
    }
    this.#hasData = true;
  }

  /** Copies the data out of the buffer being read, which its owner reuses. */
  #keepData(): void {
    if (this.#data !== undefined) this.#kept.append(this.#data, this.#dataFrom, this.#dataTo, MAX_FRAME);
    this.#data = undefined;
    this.#dataFrom = this.#dataTo = 0;
  }

  #stream(bytes: Buffer, from: number, to: number): void {
    if (!this.#streaming) {
      this.#keepData();
      const kept = this.#kept.view();
      this.#picker.push(kept, 0, kept.length);
      this.#kept.clear();
      this.#streaming = true;
    }
    // A line feed joins two data lines; for JSON it is white space.
    if (this.#hasData) this.#picker.push(NEWLINE, 0, 1);
    this.#picker.push(bytes, from, to);
    this.#hasData = true;
  }

  #dispatch(): void {
    if (this.#hasData) {
      if (this.#streaming) this.#endDocument();
      else if (this.#data !== undefined) this.#frame(this.#data, this.#dataFrom, this.#dataTo);
      else {
        const kept = this.#kept.view();
        this.#frame(kept, 0, kept.length);
      }
      this.#hasData = false;
      this.#streaming = false;
      this.#data = undefined;
      this.#dataFrom = this.#dataTo = 0;
      this.#kept.clear();
    }
    this.#event = undefined;
  }

  #frame(bytes: Buffer, from: number, to: number): void {
    if (isDone(bytes, from, to)) {
      this.#ended = true;
      this.#sink.ended();
    } else if (this.#sink.wants(bytes, from, to)) {
      this.#picker.push(bytes, from, to);
      this.#endDocument();
    }
  }

  #endDocument(): void {
    if (this.#picker.end() === "invalid") this.#sink.invalid();
  }
}

/** The index of the field's value after one optional space; -1 if the line is another field. */
function valueOf(bytes: Buffer, from: number, to: number, field: Buffer): number {
  const colon = from + field.length;
  if (to < colon) return -1;
  for (let at = 0; at < field.length; at++) if (bytes[from + at] !== field[at]) return -1;
  if (to === colon) return to;
  if (bytes[colon] !== COLON) return -1;
  return colon + 1 < to && bytes[colon + 1] === SPACE ? colon + 2 : colon + 1;
}

function isDone(bytes: Buffer, from: number, to: number): boolean {
  return bytes[from] === OPEN_BRACKET && to - from < 64 && bytes.toString("latin1", from, to).trim() === "[DONE]";
}

function indexOfOrEnd(bytes: Buffer, byte: number, from: number, to: number): number {
  const found = bytes.indexOf(byte, from);
  return found === -1 || found > to ? to : found;
}

/** The largest frame that is held for `wants`; a larger one goes to the picker without being asked about. */
const MAX_FRAME = 24 * 1024;
/** The longest line that is held: the largest frame with its field name. */
const MAX_LINE = MAX_FRAME + "data: ".length;
const MAX_EVENT_NAME = 128;

const EMPTY = Buffer.alloc(0);
const NEWLINE = Buffer.from("\n");
const DATA = Buffer.from("data");
const EVENT = Buffer.from("event");
