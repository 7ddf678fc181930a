import type { Dialect } from "./dialect.ts";
import type { Fields } from "../json/fields.ts";
import type { Shape } from "../json/json-shape.ts";

export type Sender = "client" | "server";

/** How the messages of one kind of WebSocket add up to what is billed: responses, turns, transcriptions. */
export interface SessionDialect {
  readonly name: string;
  readonly serverShape: Shape;
  /** `undefined`: the client says nothing that the server does not repeat. */
  readonly clientShape: Shape | undefined;
  /** How a server's message begins that brings content alone, as nineteen in twenty do: such a one is passed over. */
  readonly contentOnly: RegExp | undefined;
  readonly begin: (queryModel: string | undefined) => SessionReader;
}

/** What a dialect remembers between the messages of one session. */
export interface SessionReader {
  /** The model as the client asked for it, and as the server says it is. */
  readonly requestModel: string | undefined;
  readonly model: string | undefined;
  /** The last error that the server told, unless all went well afterwards. */
  readonly errorType: string | undefined;
  /** Something the client may say still matters. */
  readonly readsClient: boolean;
  read(document: Fields, sender: Sender): readonly TurnStep[];
  /** What is complete now that the session is over, although no message said so. */
  end(): readonly TurnStep[];
}

/** What one message means for one billed piece of a session. */
export interface TurnStep {
  /** Which piece, among those that are open. */
  readonly key: string;
  /** `open`: it begins or goes on; `content`: it brings the client something to show; `end`: it is complete. */
  readonly phase: "open" | "content" | "end";
  readonly reader: Dialect;
  readonly document: Fields;
  readonly operation: string;
  readonly requestModel: string | undefined;
  /** The model as far as the session knows; what the piece itself says goes before it. */
  readonly model: string | undefined;
}

export const NO_STEPS: readonly TurnStep[] = [];

/** OpenAI's events lead with their type, behind an event id at most. */
export const DELTA_EVENT = /^\s*\{\s*(?:"event_id"\s*:\s*"[^"\\]*"\s*,\s*)?"type"\s*:\s*"[a-z_.]+\.delta"/;
