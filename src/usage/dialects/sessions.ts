import type { SessionDialect } from "../websocket/session-dialect.ts";
import { googleLive } from "./google/google-live.ts";
import { openaiLive } from "./openai/openai-live.ts";
import { openaiRealtime } from "./openai/openai-realtime.ts";
import { openaiResponsesSocket } from "./openai/openai-responses-ws.ts";

/** Who reads the messages of a socket, by the dialect of its endpoint. */
export function sessionDialectOf(dialect: string): SessionDialect | undefined {
  return SESSIONS.get(dialect);
}

const SESSIONS: ReadonlyMap<string, SessionDialect> = new Map(
  [openaiRealtime, openaiResponsesSocket, openaiLive, googleLive].map((dialect) => [dialect.name, dialect]),
);
