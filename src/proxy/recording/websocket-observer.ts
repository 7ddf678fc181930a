import type { Outcome } from "../../core/request/outcome.ts";
import type { UsageReading } from "../../core/usage/usage.ts";
import type { ObservedRequest } from "../../usage/observe/observer.ts";
import {
  openSession,
  type SessionBlindness,
  type SessionCompression,
  type SessionObserver,
} from "../../usage/websocket/session-observer.ts";
import type { MessageReader } from "../../usage/websocket/message-reader.ts";
import type { TurnReading } from "../../usage/websocket/session-turns.ts";
import type { ResponseHead } from "../../wire/response-head.ts";
import { negotiatedExtensions, type Negotiated } from "../../wire/websocket-extensions.ts";
import { WebSocketReader } from "../../wire/websocket.ts";
import type { TunnelListener } from "../exchange/tunnel.ts";

type Side = "client" | "server";

/** How a session ended, for its closing record. */
export interface SessionEnd {
  readonly outcome: Outcome;
  /** `undefined`: nobody knows what was said. */
  readonly reading: UsageReading | undefined;
  readonly closeCode: number | undefined;
}

/** The side glance at a WebSocket: whatever goes wrong in here, the tunnel does not notice, and the records say so. */
export class WebSocketObserver implements TunnelListener {
  /** The code of the first close frame. */
  #closeCode: number | undefined;
  #closedBy: Side | undefined;
  /** Who went first, with a close frame or without. */
  #leftBy: Side | undefined;
  readonly #observer: SessionObserver | undefined;
  readonly #frames: Record<Side, WebSocketReader | undefined>;
  #blindness: SessionBlindness | undefined;
  /** What cut those pieces short that are not complete. */
  #interruption: Outcome = COMPLETE;

  constructor(request: ObservedRequest, head: ResponseHead, clock: () => number, settle: FinishTurn) {
    const extensions = negotiatedExtensions(extensionsField(head));
    const tell = (turn: TurnReading): void => settle(turn, turn.whole ? COMPLETE : this.#interruption);
    try {
      this.#observer = openSession(request, compressionOf(extensions), clock, tell);
      if (extensions.kind === "unknown") this.#blindness = "encoding";
    } catch {
      this.#blindness = "observer_error";
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

  left(side: Side): void {
    this.#leftBy ??= side;
  }

  /** Tells of the pieces that are still open. */
  finish(outcome: Outcome): SessionEnd {
    const interruption = interruptionBy(this.#leftBy, outcome);
    this.#interruption = interruption;
    const ended = this.#outcome(outcome);
    let reading: UsageReading | undefined;
    try {
      const ending = interruption.kind === "upstream" ? "cut" : "aborted";
      reading = this.#observer?.finish(ending, this.#blindness);
    } catch {
      reading = undefined;
    }
    const errorType = this.#closeError(reading);
    return { outcome: ended, reading: reading && { ...reading, errorType }, closeCode: this.#closeCode };
  }

  #read(side: Side, bytes: Buffer): void {
    const frames = this.#frames[side];
    if (frames === undefined) return;
    try {
      frames.push(bytes);
      if (frames.fault !== undefined) this.#goBlind(side, "unparsable");
    } catch {
      this.#goBlind(side, "observer_error");
    }
  }

  /** Out of step there is no way back in. What the client says is of use only where the server is understood. */
  #goBlind(side: Side, why: SessionBlindness): void {
    this.#frames[side] = undefined;
    if (side === "server") this.#blindness ??= why;
  }

  /** A connection that ends without a close frame was cut (RFC 6455 section 7.1.5), as far as we could follow it. */
  #outcome(outcome: Outcome): Outcome {
    if (this.#closedBy !== undefined) return outcome.kind === "upstream" ? { kind: "complete" } : outcome;
    const followed = this.#frames.client !== undefined && this.#frames.server !== undefined;
    if (outcome.kind !== "complete" || !followed || this.#leftBy === undefined) return outcome;
    return this.#interruption;
  }

  /** The server's own word for why it closed, else its code. */
  #closeError(reading: UsageReading | undefined): string | undefined {
    const code = this.#closeCode;
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
    this.#closeCode = code;
    this.left(side);
  }
}

export type FinishTurn = (turn: TurnReading, outcome: Outcome) => void;

function interruptionBy(side: Side | undefined, outcome: Outcome): Outcome {
  if (side === "client") return { kind: "client-aborted" };
  if (side === "server") return { kind: "upstream", fault: "upstream_reset" };
  // Nobody left, and nothing broke: nothing passed for too long.
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
/** Done, and going away (RFC 6455 section 7.4.1). */
const NORMAL_CLOSE: ReadonlySet<number> = new Set([1000, 1001]);
