import type { UsageReading } from "../../core/usage/usage.ts";
import { endpointOf } from "../endpoints/endpoint-table.ts";
import { type MessageCompression, type MessageListener, MessageReader } from "./message-reader.ts";
import type { ObservedRequest } from "../observe/observer.ts";
import { deploymentInQuery, modelInQuery, namesInPath } from "../endpoints/path-names.ts";
import type { SessionDialect, SessionReader, Sender, TurnStep } from "../dialects/session-dialect.ts";
import { SessionTurns, type TurnListener } from "./session-turns.ts";
import type { Ending } from "../observe/ending.ts";

/** Why reading of a session stopped before its end. */
export type SessionUnreadReason = "encoding" | "too_large" | "unparsable" | "observer_error";

export interface SessionCompression {
  readonly client: MessageCompression;
  readonly server: MessageCompression;
}

/** Returns `undefined` if no dialect reads this WebSocket. `onTurn` gets each turn once it is complete. */
export function openSession(
  request: ObservedRequest,
  compression: SessionCompression | undefined,
  now: () => number,
  onTurn: TurnListener,
): SessionObserver | undefined {
  const dialect = endpointOf(request.method, request.path, true).session;
  if (dialect === undefined) return undefined;
  const inPath = namesInPath(request.path);
  const deployment = inPath.deployment ?? deploymentInQuery(request.query);
  const turns = new SessionTurns({ dialect: dialect.name, deployment }, now, onTurn);
  return new SessionObserver({ dialect, model: modelInQuery(request.query), deployment }, compression, turns);
}

interface SessionInfo {
  readonly dialect: SessionDialect;
  readonly model: string | undefined;
  readonly deployment: string | undefined;
}

/**
 * Reads a copy of the messages of one WebSocket. Its memory is bounded and it holds no message: it reports each turn as
 * soon as it is complete.
 */
export class SessionObserver {
  readonly server: MessageReader;
  /** `undefined` if the client's messages contain nothing relevant. */
  readonly client: MessageReader | undefined;
  readonly #info: SessionInfo;
  readonly #reader: SessionReader;
  readonly #turns: SessionTurns;

  constructor(info: SessionInfo, compression: SessionCompression | undefined, turns: SessionTurns) {
    const { serverShape, clientShape } = info.dialect;
    this.#info = info;
    this.#turns = turns;
    this.#reader = info.dialect.begin(info.model);
    this.server = new MessageReader(serverShape, this.#listener("server"), compression?.server);
    this.client = clientShape && new MessageReader(clientShape, this.#listener("client"), compression?.client);
  }

  /** Reports the turns that `ending` interrupted, and returns the reading of the session as a whole. */
  finish(ending: Ending, unreadReason: SessionUnreadReason | undefined): UsageReading {
    this.#take(this.#reader.end());
    this.#turns.finish(ending);
    const failure = this.server.failure === "stopped" ? undefined : this.server.failure;
    this.server.close();
    this.client?.close();
    return {
      dialect: this.#info.dialect.name,
      operation: "session",
      stream: undefined,
      requestModel: this.#reader.requestModel,
      responseModel: this.#reader.model,
      deployment: this.#info.deployment,
      responseId: undefined,
      usage: undefined,
      source: "none",
      state: "not_applicable",
      // Records of this session may be missing for this reason.
      reason: unreadReason ?? failure,
      errorType: this.#reader.errorType,
      firstContentAt: undefined,
    };
  }

  #listener(sender: Sender): MessageListener {
    const { contentOnly } = this.#info.dialect;
    return {
      wantsMessage: () => sender === "server" || this.#reader.readsClient,
      isIrrelevant: (beginning) =>
        sender === "server" && contentOnly?.test(beginning) === true && !this.#turns.awaitsContent,
      document: (document) => this.#take(this.#reader.read(document, sender)),
    };
  }

  #take(steps: readonly TurnStep[]): void {
    for (const step of steps) this.#turns.take(step);
  }
}
