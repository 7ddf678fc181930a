import type { Outcome } from "../../core/request/outcome.ts";
import type { UsageReading } from "../../core/usage/usage.ts";
import { endingOf } from "../../usage/observe/ending.ts";
import type { ObservedRequest } from "../../usage/observe/observer.ts";
import {
  openSession,
  type SessionUnreadReason,
  type SessionCompression,
  type SessionObserver,
} from "../../usage/websocket/session-observer.ts";
import type { MessageReader } from "../../usage/websocket/message-reader.ts";
import type { TurnReading } from "../../usage/websocket/session-turns.ts";
import type { ResponseHead } from "../../wire/response-head.ts";
import { negotiatedExtensions, type Negotiated } from "../../wire/websocket/websocket-extensions.ts";
import { WebSocketReader } from "../../wire/websocket/websocket.ts";

type Side = "client" | "server";

/** How a session ended, for the record that closes it. */
export interface SessionEnd {
  readonly outcome: Outcome;
  /** `undefined` if the session could not be read. */
  readonly reading: UsageReading | undefined;
}

/** Observes the messages of a WebSocket. Its own errors do not reach the tunnel; the records say `observer_error`. */
export class WebSocketObserver {
  /** The code of the first close frame. */
  closeCode: number | undefined;
  #closedBy: Side | undefined;
  /** The side that ended first, with a close frame or without. */
  #endedFirst: Side | undefined;
  readonly #observer: SessionObserver | undefined;
  readonly #frames: Record<Side, WebSocketReader | undefined>;
  #unread: SessionUnreadReason | undefined;
  /** The outcome of turns that were not complete when the session ended. */
  #interruption: Outcome = COMPLETE;

  constructor(request: ObservedRequest, head: ResponseHead, clock: () => number, onTurn: FinishTurn) {
    const extensions = negotiatedExtensions(extensionsField(head));
    const finishTurn = (turn: TurnReading): void => onTurn(turn, turn.complete ? COMPLETE : this.#interruption);
    try {
      this.#observer = openSession(request, compressionOf(extensions), clock, finishTurn);
      if (extensions.kind === "unknown") this.#unread = "encoding";
    } catch {
      this.#unread = "observer_error";
    }
    this.#frames = {
      client: this.#reader("client", extensions, this.#observer?.client),
      server: this.#reader("server", extensions, this.#observer?.server),
    };
  }

  clientBytes(bytes: Buffer): void {
    this.#read("client", bytes);
  }

  serverBytes(bytes: Buffer): void {
    this.#read("server", bytes);
  }

  /** That side sends nothing more. */
  ended(side: Side): void {
    this.#endedFirst ??= side;
  }

  /** Also finishes the turns that are still open. */
  finish(outcome: Outcome): SessionEnd {
    const interruption = interruptionBy(this.#endedFirst, outcome);
    this.#interruption = interruption;
    const sessionOutcome = this.#outcome(outcome);
    let reading: UsageReading | undefined;
    try {
      reading = this.#observer?.finish(endingOf(interruption), this.#unread);
    } catch {
      reading = undefined;
    }
    const errorType = this.#closeError(reading);
    return { outcome: sessionOutcome, reading: reading && { ...reading, errorType } };
  }

  #read(side: Side, bytes: Buffer): void {
    const frames = this.#frames[side];
    if (frames === undefined) return;
    try {
      frames.push(bytes);
      if (frames.fault !== undefined) this.#stopReading(side, "unparsable");
    } catch {
      this.#stopReading(side, "observer_error");
    }
  }

  /** A frame reader that lost its place cannot find it again. Only the server's side decides whether usage is known. */
  #stopReading(side: Side, why: SessionUnreadReason): void {
    this.#frames[side] = undefined;
    if (side === "server") this.#unread ??= why;
  }

  /** A connection that ends without a close frame was cut (RFC 6455 §7.1.5), if all of its frames could be read. */
  #outcome(outcome: Outcome): Outcome {
    if (this.#closedBy !== undefined) return outcome.kind === "upstream" ? { kind: "complete" } : outcome;
    const wasRead = this.#frames.client !== undefined && this.#frames.server !== undefined;
    if (outcome.kind !== "complete" || !wasRead || this.#endedFirst === undefined) return outcome;
    return this.#interruption;
  }

  /** The error that the server named before it closed, else its close code. */
  #closeError(reading: UsageReading | undefined): string | undefined {
    const code = this.closeCode;
    if (this.#closedBy !== "server" || code === undefined || NORMAL_CLOSE.has(code)) return undefined;
    return reading?.errorType ?? `close_${code}`;
  }

  #reader(side: Side, extensions: Negotiated, messages: MessageReader | undefined): WebSocketReader | undefined {
    if (extensions.kind === "unknown") return undefined;
    return new WebSocketReader(side, extensions.kind === "deflate", {
      begin: (_kind, compressed) => messages?.begin(compressed) ?? false,
      payload: (bytes, from, to, last) => messages?.payload(bytes, from, to, last),
      closed: (code) => this.#closed(side, code),
    });
  }

  #closed(side: Side, code: number | undefined): void {
    if (this.#closedBy !== undefined) return;
    this.#closedBy = side;
    this.closeCode = code;
    this.ended(side);
  }
}

export type FinishTurn = (turn: TurnReading, outcome: Outcome) => void;

function interruptionBy(side: Side | undefined, outcome: Outcome): Outcome {
  if (side === "client") return { kind: "client-aborted" };
  if (side === "server") return { kind: "upstream", fault: "upstream_reset" };
  // Neither side ended the session: it timed out.
  return outcome.kind === "complete" ? { kind: "upstream", fault: "upstream_timeout" } : outcome;
}

function extensionsField(head: ResponseHead): string | undefined {
  const fields = head.fields.filter((field) => field.name === "sec-websocket-extensions");
  return fields.length === 0 ? undefined : fields.map((field) => field.value).join(",");
}

function compressionOf(extensions: Negotiated): SessionCompression | undefined {
  if (extensions.kind !== "deflate") return undefined;
  const { clientWindowBits, clientNoContextTakeover, serverWindowBits, serverNoContextTakeover } = extensions;
  return {
    client: { windowBits: clientWindowBits, noContextTakeover: clientNoContextTakeover },
    server: { windowBits: serverWindowBits, noContextTakeover: serverNoContextTakeover },
  };
}

const COMPLETE: Outcome = { kind: "complete" };
/** 1000 is a normal closure, 1001 is "going away" (RFC 6455 §7.4.1). */
const NORMAL_CLOSE: ReadonlySet<number> = new Set([1000, 1001]);
