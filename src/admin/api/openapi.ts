import * as z from "zod";
import { apiSchemas, route, type Parameter, type Route } from "../server/api-route.ts";

/** The OpenAPI 3.1 document, generated from the routes alone. */
export function openApiDocument(routes: readonly Route[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const row of routes) (paths[row.path] ??= {})[row.method] = operationOf(row);
  return {
    openapi: "3.1.0",
    info: {
      title: "LMGate admin API",
      version: "1",
      description:
        "Status, usage and management of an LMGate gateway. Times are RFC 3339. Ranges exclude their end. Costs are in US dollars and estimated from list prices. Errors are problem+json (RFC 9457).",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    components: {
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "The admin token." },
        session: {
          type: "apiKey",
          in: "cookie",
          name: "lmgate_session_<port>",
          description:
            "Created by POST /api/v1/session. Requests that change something also need the header x-lmgate-csrf.",
        },
      },
      schemas: componentSchemas(),
    },
    paths,
  };
}

export function openApiRoute(routes: readonly Route[]): Route {
  return route({
    method: "get",
    path: "/openapi.json",
    access: "loopback",
    summary: "This document",
    response: z.object({}).loose(),
    run: () => openApiDocument(routes),
  });
}

function operationOf(row: Route): object {
  const fromPath = [...row.path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  return {
    operationId: operationId(row),
    summary: row.summary,
    ...(row.access === "public" ? { security: [] } : { security: [{ token: [] }, { session: [] }] }),
    ...(row.access === "loopback" ? { description: "No token is needed on loopback." } : {}),
    parameters: [...fromPath, ...(row.query ?? []).map(queryParameter)],
    ...(row.body === undefined
      ? {}
      : { requestBody: { required: true, content: { "application/json": { schema: schemaOf(row.body) } } } }),
    responses: {
      200: {
        description: "Success",
        content:
          typeof row.response === "string"
            ? { [row.response]: { schema: { type: "string" } } }
            : { "application/json": { schema: schemaOf(row.response) } },
      },
      default: {
        description: "The request was rejected, was invalid or failed",
        content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
      },
    },
  };
}

function operationId({ method, path }: Route): string {
  const words = path
    .replace(/^\/api\/v1/, "")
    .split(/[/.{}]+/)
    .filter((word) => word !== "");
  return [method, ...words]
    .map((word, index) => (index === 0 ? word : word[0]?.toUpperCase() + word.slice(1)))
    .join("");
}

function queryParameter({ name, description, repeated }: Parameter): object {
  const text = { type: "string" };
  return { name, in: "query", description, schema: repeated ? { type: "array", items: text } : text };
}

function componentSchemas(): Record<string, object> {
  const { schemas } = z.toJSONSchema(apiSchemas, {
    uri: (id) => `#/components/schemas/${id}`,
    io: "output",
    unrepresentable: "any",
  });
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, bare(schema)]));
}

function schemaOf(schema: z.ZodType): object {
  const id = apiSchemas.get(schema)?.id;
  if (id !== undefined) return { $ref: `#/components/schemas/${id}` };
  if (schema instanceof z.ZodArray && schema.element instanceof z.ZodType) {
    return { type: "array", items: schemaOf(schema.element) };
  }
  return bare(z.toJSONSchema(schema, { io: "output", unrepresentable: "any" }));
}

function bare(schema: object): object {
  const { $schema: _version, $id: _id, ...rest } = schema as Record<string, unknown>; // as: plain JSON, created by zod
  return rest;
}
