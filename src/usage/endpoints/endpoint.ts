import type { Dialect } from "../dialects/dialect.ts";
import { noUsage } from "../dialects/no-usage.ts";
import type { SessionDialect } from "../dialects/session-dialect.ts";

/** The operation behind a method and a path, and the dialect that reads its response. */
export interface Endpoint {
  readonly dialect: string;
  readonly operation: string;
  readonly reader: Dialect;
  /** Reads the messages of the WebSocket, if the request opens one. */
  readonly session: SessionDialect | undefined;
  /**
   * `expected`: the response has usage. `replay`: it repeats the usage of an earlier response, or completes it. `possible`: it
   * has usage or not, depending on the provider. `none`: it never has usage. `unsupported`: it has usage in a dialect that
   * LMGate does not read.
   */
  readonly usage: "expected" | "replay" | "possible" | "none" | "unsupported";
}

/** The requests that lead to one endpoint. */
export interface EndpointRow {
  readonly methods: readonly string[];
  /** A string is the end of the path: what precedes it differs by provider. */
  readonly paths: readonly (string | RegExp)[];
  readonly upgrade?: boolean;
  readonly endpoint: Endpoint;
}

export function matchesRow(row: EndpointRow, method: string, path: string, upgrade: boolean): boolean {
  return row.methods.includes(method) && (row.upgrade ?? upgrade) === upgrade && matchesPath(row, path);
}

function matchesPath(row: EndpointRow, path: string): boolean {
  for (const pattern of row.paths) {
    if (typeof pattern === "string" ? path.endsWith(pattern) : pattern.test(path)) return true;
  }
  return false;
}

export function read(reader: Dialect, operation: string, usage: Endpoint["usage"] = "expected"): Endpoint {
  return { dialect: reader.name, operation, reader, session: undefined, usage };
}

export function free(dialect: string, operation: string): Endpoint {
  return { dialect, operation, reader: noUsage, session: undefined, usage: "none" };
}

export function unsupported(dialect: string, operation: string): Endpoint {
  return { dialect, operation, reader: noUsage, session: undefined, usage: "unsupported" };
}

/** The upgrade itself has no usage; the session that follows is read message by message. */
export function socket(session: SessionDialect, operation: string): Endpoint {
  return { dialect: session.name, operation, reader: noUsage, session, usage: "none" };
}

/** `*` stands for one path segment or, at the end of a segment, for everything that follows. */
export function path(pattern: string): RegExp {
  const escaped = pattern.replace(/[.]/g, "\\.");
  return new RegExp(`${escaped.replace(/(?<=[^/])\*/g, "(?:/.*)?").replaceAll("/*", "/[^/]+")}$`);
}

/** A path of Bedrock. The model id may be an ARN, whose slash most clients encode and some do not. */
export function model(operation: string): RegExp {
  return new RegExp(`/model/(?:arn:[^/]+/)?[^/]+/${operation}$`);
}
