import type { UsageReading } from "../../core/usage/usage.ts";
import { sessionDialectOf } from "../dialects/sessions.ts";
import { endpointOf } from "../dialects/table.ts";
import { type MessageCompression, type MessageListener, MessageReader } from "./message-reader.ts";
import type { ObservedRequest } from "../observe/observer.ts";
import { deploymentInQuery, modelInQuery, namesInPath } from "../dialects/path-names.ts";
import type { SessionDialect, SessionReader, Speaker, TurnStep } from "./session-dialect.ts";
import { SessionTurns, type Tell } from "./session-turns.ts";
import type { Ending } from "../observe/ending.ts";

/** Why a session is not read to its end. */
export type SessionBlindness = "encoding" | "too_large" | "unparsable" | "observer_error";

export interface SessionCompression {
  readonly client: MessageCompression;
  readonly server: MessageCompression;
}

/** `undefined`: nobody knows what is said over this socket. `tell` is called for each billed piece once it is complete. */
export function openSession(
  request: ObservedRequest,
  compression: SessionCompression | undefined,
  now: () => number,
  tell: Tell,
): SessionObserver | undefined {
  const dialect = sessionDialectOf(endpointOf(request.method, request.path, true).dialect);
  if (dialect === undefined) return undefined;
  const inPath = namesInPath(request.path);
  const deployment = inPath.deployment ?? deploymentInQuery(request.query);
  const turns = new SessionTurns({ dialect: dialect.name, deployment }, now, tell);
  return new SessionObserver({ dialect, model: modelInQuery(request.query), deployment }, compression, turns);
}

interface About {
  readonly dialect: SessionDialect;
  readonly model: string | undefined;
  readonly deployment: string | undefined;
}

/**
 * Watches a copy of the messages of one WebSocket. Holds a bounded amount of memory whatever passes, and no message: each
 * billed piece is told of as soon as it is complete.
 */
export class SessionObserver {
  readonly server: MessageReader;
  /** `undefined` where the client says nothing of interest. */
  readonly client: MessageReader | undefined;
  readonly #about: About;
  readonly #reader: SessionReader;
  readonly #turns: SessionTurns;

  constructor(about: About, compression: SessionCompression | undefined, turns: SessionTurns) {
    const { serverShape, clientShape } = about.dialect;
    this.#about = about;
    this.#turns = turns;
    this.#reader = about.dialect.begin(about.model);
    this.server = new MessageReader(serverShape, this.#listener("server"), compression?.server);
    this.client = clientShape && new MessageReader(clientShape, this.#listener("client"), compression?.client);
  }

  /** Tells of what is still open, which `ending` cut short, and gives the reading of the session as a whole. */
  finish(ending: Ending, blindness: SessionBlindness | undefined): UsageReading {
    this.#take(this.#reader.end());
    this.#turns.finish(ending);
    const fault = this.server.fault === "stopped" ? undefined : this.server.fault;
    this.server.close();
    this.client?.close();
    return {
      dialect: this.#about.dialect.name,
      operation: "session",
      stream: undefined,
      requestModel: this.#reader.requestModel,
      responseModel: this.#reader.model,
      deployment: this.#about.deployment,
      responseId: undefined,
      usage: undefined,
      source: "none",
      state: "not_applicable",
      // What is missing from the records of the session is missing for this reason.
      reason: blindness ?? fault,
      errorType: this.#reader.errorType,
      firstContentAt: undefined,
    };
  }

  #listener(speaker: Speaker): MessageListener {
    const { contentAlone } = this.#about.dialect;
    return {
      hears: () => speaker === "server" || this.#reader.hearsClient,
      skips: (beginning) =>
        speaker === "server" && contentAlone?.test(beginning) === true && !this.#turns.awaitsContent,
      document: (document) => this.#take(this.#reader.read(document, speaker)),
    };
  }

  #take(steps: readonly TurnStep[]): void {
    for (const step of steps) this.#turns.take(step);
  }
}
