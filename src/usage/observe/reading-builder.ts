import { type Dialect, errorTypeOf, type PartialUsage } from "../dialects/dialect.ts";
import type { Fields } from "../json/fields.ts";
import type { FrameSink } from "../framing/frame-reader.ts";
import type { TextCounter } from "../estimate/text-counter.ts";

/** Reduces the documents of one response to its usage, by the rules of its dialect. */
export class ReadingBuilder implements FrameSink {
  readonly #dialect: Dialect;
  readonly #isError: boolean;
  readonly #now: () => number;
  partial: PartialUsage;
  firstContentAt: number | undefined;
  hasInvalid = false;
  textCounter: TextCounter | undefined;

  constructor(dialect: Dialect, isError: boolean, now: () => number, head: PartialUsage) {
    this.#dialect = dialect;
    this.#isError = isError;
    this.#now = now;
    this.partial = head;
  }

  /** Every frame is read until the first content and the model are known; then only the dialect's relevant frames. */
  wants(bytes: Buffer, from: number, to: number): boolean {
    if (this.firstContentAt === undefined) return true;
    // Latin-1 needs no decoding and leaves ASCII unchanged.
    const text = bytes.toString("latin1", from, to);
    return this.#current.relevantFrame.test(text) || (this.partial.model === undefined && MODEL.test(text));
  }

  document(document: Fields, event: string | undefined): void {
    this.partial = this.#dialect.read(this.partial, document, event);
    if (this.firstContentAt === undefined && this.#current.hasContent(document, event))
      this.firstContentAt = this.#now();
    if (this.#isError) this.partial = withError(this.partial, document);
  }

  onDecoded(bytes: Buffer, from: number, to: number): void {
    this.textCounter?.push(bytes, from, to);
  }

  /** The dialect, or the one that auto-detection found. */
  get #current(): Dialect {
    return this.partial.dialect ?? this.#dialect;
  }

  invalid(): void {
    this.hasInvalid = true;
  }

  ended(): void {
    this.partial = { ...this.partial, ended: true };
  }
}

/** Some hosts send the bare error object, which only the status code shows to be an error. */
export function withError(partial: PartialUsage, document: Fields): PartialUsage {
  return partial.errorType === undefined ? { ...partial, failed: true, errorType: errorTypeOf(document) } : partial;
}

const MODEL = /"model(?:Version|_version)?"\s*:\s*"(?!")/;
