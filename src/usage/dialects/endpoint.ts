import type { Dialect } from "./dialect.ts";
import { plain } from "./others/no-usage.ts";

/** What a method and a path amount to, and who reads the answer. */
export interface Endpoint {
  readonly dialect: string;
  readonly operation: string;
  readonly reader: Dialect;
  /**
   * `expected`: the answer has usage; `replay`: it repeats an earlier answer's, or brings what that one could not say
   * yet; `possible`: nobody knows; `none`: it never has any; `unread`: it has, in a dialect without a reader.
   */
  readonly usage: "expected" | "replay" | "possible" | "none" | "unread";
}

/** Calls that amount to the same endpoint. */
export interface EndpointRow {
  readonly methods: readonly string[];
  /** A text is how the path must end; whatever comes before belongs to the provider. */
  readonly paths: readonly (string | RegExp)[];
  readonly upgrade?: boolean;
  readonly endpoint: Endpoint;
}

export function isAt(row: EndpointRow, method: string, path: string, upgrade: boolean): boolean {
  return row.methods.includes(method) && (row.upgrade ?? upgrade) === upgrade && matches(row, path);
}

function matches(row: EndpointRow, path: string): boolean {
  for (const pattern of row.paths) {
    if (typeof pattern === "string" ? path.endsWith(pattern) : pattern.test(path)) return true;
  }
  return false;
}

export function read(reader: Dialect, operation: string, usage: Endpoint["usage"] = "expected"): Endpoint {
  return { dialect: reader.name, operation, reader, usage };
}

export function free(dialect: string, operation: string): Endpoint {
  return { dialect, operation, reader: plain, usage: "none" };
}

export function unread(dialect: string, operation: string): Endpoint {
  return { dialect, operation, reader: plain, usage: "unread" };
}

/** The switch of protocols uses nothing; what passes behind it is read message by message, by the dialect of this name. */
export function socket(dialect: string, operation: string): Endpoint {
  return { dialect, operation, reader: plain, usage: "none" };
}

/** `*` is one path segment, or at the end of a segment whatever follows. */
export function path(pattern: string): RegExp {
  const escaped = pattern.replace(/[.]/g, "\\.");
  return new RegExp(`${escaped.replace(/(?<=[^/])\*/g, "(?:/.*)?").replaceAll("/*", "/[^/]+")}$`);
}
