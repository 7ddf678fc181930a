/** A destination of whole lines: a segment file, or a stream such as a pipe. */
export interface Target {
  /** Lines that were not accepted stay with the caller, who writes them again. */
  write(lines: Buffer): WriteOutcome;
  /** Forces everything written since the last sync to disk. */
  sync(): void;
  /** False once the path no longer leads to this file. */
  isCurrent(): boolean;
  /** True if another program has truncated the file since the last time this was asked. */
  wasTruncated(): boolean;
  /** True if `bytes` more would exceed the size of one file. */
  isFull(bytes: number): boolean;
  /** True if there is something that rotation could close. */
  readonly hasLines: boolean;
  close(): void;
}

export interface WriteOutcome {
  /** Bytes of whole lines that the target has taken over; they must not be written again. */
  readonly accepted: number;
  readonly error: Error | undefined;
}
