import * as z from "zod";
import type { RequestIdentity } from "../server/authenticator.ts";

// A route as a row: what it is, who may use it, what goes in and what comes out. The server obeys it and the OpenAPI
// document is made of it, so that the two cannot differ.

/** `open`: anyone who can reach the listener; `local`: anyone on loopback, elsewhere `closed`; `closed`: token or session. */
export type Access = "open" | "local" | "closed";

export interface Call<Body = unknown> {
  readonly query: URLSearchParams;
  /** Of the path, decoded. */
  readonly parameter: (name: string) => string;
  readonly body: Body;
  readonly visitor: RequestIdentity;
  /** A browser that asks for a page. */
  readonly acceptsHtml: boolean;
  /** It was let in by token or session, not only by being on this machine. */
  readonly isTrusted: boolean;
  readonly signal: AbortSignal;
}

export interface Parameter {
  readonly name: string;
  readonly description: string;
  readonly repeated?: true;
}

export interface Route<Body = unknown> {
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  /** With `{name}` for parameters. */
  readonly path: string;
  readonly access: Access;
  readonly summary: string;
  readonly query?: readonly Parameter[];
  readonly body?: z.ZodType<Body>;
  /** The schema of a JSON answer, or the media type of another. */
  readonly answer: z.ZodType | string;
  /** An object becomes JSON; `undefined` is 204. */
  readonly run: (call: Call<Body>) => Promise<Response | object | undefined> | Response | object | undefined;
}

/** Keeps the type of the body between the schema and the function that takes it. */
export function route<Body>(row: Route<Body>): Route {
  return row as unknown as Route; // `run` is only ever given what the row's own schema let through
}

/** Schemas with a name of their own in the OpenAPI document. */
export const apiSchemas = z.registry<{ readonly id: string }>();

export function named<T extends z.ZodType>(id: string, schema: T): T {
  apiSchemas.add(schema, { id });
  return schema;
}
