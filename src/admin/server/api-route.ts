import * as z from "zod";
import type { RequestIdentity } from "./authenticator.ts";

// A route as a row: what it is, who may use it, what goes in and what comes out. The router serves the rows and the OpenAPI
// document is generated from them, so that the two cannot differ.

/** `public`: every client that reaches the listener. `loopback`: every client on loopback, elsewhere as `authenticated`: a token or session is required. */
export type Access = "public" | "loopback" | "authenticated";

export interface ApiRequest<Body = unknown> {
  readonly query: URLSearchParams;
  /** A parameter of the path, decoded. */
  readonly parameter: (name: string) => string;
  readonly body: Body;
  readonly identity: RequestIdentity;
  /** A browser asks for a page. */
  readonly acceptsHtml: boolean;
  /** Token or session were checked; being on this machine is not enough. */
  readonly isAuthenticated: boolean;
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
  /** The schema of a JSON response, or the media type of any other. */
  readonly response: z.ZodType | string;
  /** An object becomes JSON; `undefined` becomes 204. */
  readonly run: (request: ApiRequest<Body>) => Promise<Response | object | undefined> | Response | object | undefined;
}

/** Keeps the type of the body between the schema and the function that takes it. */
export function route<Body>(row: Route<Body>): Route {
  return row as unknown as Route; // as: `run` only receives a body that the row's own schema accepted
}

/** Schemas with a name of their own in the OpenAPI document. */
export const apiSchemas = z.registry<{ readonly id: string }>();

export function named<T extends z.ZodType>(id: string, schema: T): T {
  apiSchemas.add(schema, { id });
  return schema;
}
