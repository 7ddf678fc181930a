import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { allRoutes, openApiText } from "./api-routes.ts";
import { start } from "./start.ts";

type Json = Readonly<Record<string, unknown>>;

const checkedIn = readFileSync(join(import.meta.dirname, "..", "..", "docs", "openapi.json"), "utf8");
const document = JSON.parse(checkedIn) as Json; // as: checked below

test("docs/openapi.json matches the routes; npm run openapi writes it", () => {
  assert.deepEqual(document, JSON.parse(openApiText()));
});

test("the running listener serves the same document", async (t) => {
  const { url } = await start(t);
  const response = await fetch(url("/openapi.json"));
  assert.equal(response.headers.get("content-type"), "application/json");
  assert.deepEqual(await response.json(), document);
});

test("the document has the members that OpenAPI 3.1 requires, and every reference resolves", () => {
  assert.equal(document["openapi"], "3.1.0");
  const info = member(document, "info");
  assert.ok(typeof info["title"] === "string" && typeof info["version"] === "string");
  const schemas = member(member(document, "components"), "schemas");
  for (const name of Object.keys(schemas)) assert.match(name, /^[A-Za-z0-9._-]+$/);
  for (const reference of valuesOf(document, "$ref")) {
    const name = /^#\/components\/schemas\/(.+)$/.exec(String(reference))?.[1] ?? "";
    assert.ok(name in schemas, String(reference));
  }
  assert.deepEqual(valuesOf(document, "$defs"), []);
});

test("every operation has a unique id, its path parameters, known security schemes and a response", () => {
  const schemes = Object.keys(member(member(document, "components"), "securitySchemes"));
  const names = new Set<unknown>();
  for (const [path, item] of Object.entries(member(document, "paths"))) {
    for (const [method, operation] of Object.entries(item as Json)) {
      const where = `${method} ${path}`;
      const { operationId, parameters, responses, security } = operation as Json;
      assert.ok(typeof operationId === "string" && !names.has(operationId), where);
      names.add(operationId);
      const given = (parameters as readonly Json[]).map((parameter) => {
        assert.ok(typeof parameter["name"] === "string" && typeof parameter["schema"] === "object", where);
        return parameter["in"] === "path" ? parameter["name"] : undefined;
      });
      const wanted = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      assert.deepEqual(
        given.filter((name) => name !== undefined),
        wanted,
        where,
      );
      for (const need of security as readonly Json[]) {
        for (const scheme of Object.keys(need)) assert.ok(schemes.includes(scheme), where);
      }
      for (const response of Object.values(responses as Json)) {
        assert.equal(typeof (response as Json)["description"], "string", where);
      }
    }
  }
  assert.equal(names.size, allRoutes().length - 1);
});

function member(parent: Json, name: string): Json {
  const value = parent[name];
  assert.ok(typeof value === "object" && value !== null, name);
  return value as Json;
}

function valuesOf(value: unknown, name: string): readonly unknown[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => (key === name ? [inner] : valuesOf(inner, name)));
}
