import type { Dialect } from "./dialect.ts";
import type { Fields } from "../json/fields.ts";
import type { Shape } from "../json/json-shape.ts";

export type Sender = "client" | "server";

/** How the messages of one kind of WebSocket make up billed turns: responses, transcriptions. */
export interface SessionDialect {
  readonly name: string;
  readonly serverShape: Shape;
  /** `undefined`: the client's messages contain nothing that the server does not repeat. */
  readonly clientShape: Shape | undefined;
  /** The beginning of server messages that contain only content, as about 95 % do. Such a message is skipped. */
  readonly contentOnly: RegExp | undefined;
  readonly begin: (queryModel: string | undefined) => SessionReader;
}

/** The state that a dialect keeps between the messages of one session. */
export interface SessionReader {
  /** The model that the client requested, and the model that the server reports. */
  readonly requestModel: string | undefined;
  readonly model: string | undefined;
  /** The last error of the session, cleared by a later success. */
  readonly errorType: string | undefined;
  /** False once the client's messages cannot contain anything relevant. */
  readonly readsClient: boolean;
  read(document: Fields, sender: Sender): readonly TurnStep[];
  /** The steps that the end of the session completes without a message. */
  end(): readonly TurnStep[];
}

/** The effect of one message on one turn of a session. */
export interface TurnStep {
  /** Identifies the turn among the open ones. */
  readonly key: string;
  /** `open`: the turn begins or continues; `content`: output for the client; `end`: the turn is complete. */
  readonly phase: "open" | "content" | "end";
  readonly reader: Dialect;
  readonly document: Fields;
  readonly operation: string;
  readonly requestModel: string | undefined;
  /** The model that the session reports. A model that the turn itself names has precedence. */
  readonly model: string | undefined;
}

export const NO_STEPS: readonly TurnStep[] = [];

/** OpenAI's events begin with their type, after at most an event id. */
export const DELTA_EVENT = /^\s*\{\s*(?:"event_id"\s*:\s*"[^"\\]*"\s*,\s*)?"type"\s*:\s*"[a-z_.]+\.delta"/;
