// The architecture page that cannot go stale: the table says which room may import which and what each may touch outside
// the process; the tests read every import and fail on any other arrow.
import assert from "node:assert/strict";
import { basename } from "node:path";
import { test } from "node:test";
import { findCycles, parse, readSourceFiles, roomOf, type SourceFile } from "./harness/source-file.ts";

interface Room {
  /** Rooms, or single files of a room, that it may import. */
  readonly imports: readonly string[];
  /** Modules of Node.js it may import. What is missing here (files, sockets) is what the room is kept away from. */
  readonly builtins: readonly string[] | "any";
  /** Packages it may import. The path of a call uses none. */
  readonly packages: readonly string[] | "any";
}

const FILES = ["node:fs", "node:fs/promises", "node:path", "node:os"];
const SOCKETS = ["node:net", "node:tls", "node:dns"];
const BYTES = ["node:buffer"];

const OFFLINE_LEDGER = [
  "ledger/audit.ts",
  "ledger/beside.ts",
  "ledger/offline.ts",
  "ledger/reprice.ts",
  "ledger/segments.ts",
];

const ROOMS: Readonly<Record<string, Room>> = {
  core: { imports: [], builtins: BYTES, packages: [] },
  wire: { imports: [], builtins: BYTES, packages: [] },
  usage: { imports: ["core"], builtins: [...BYTES, "node:zlib"], packages: [] },
  providers: { imports: ["core"], builtins: BYTES, packages: [] },
  limits: { imports: ["core"], builtins: BYTES, packages: [] },
  policy: {
    imports: ["core", "providers"],
    // node:net for `isIP` alone.
    builtins: [...BYTES, ...FILES, "node:crypto", "node:net"],
    packages: ["zod", "yaml", "csv-parse/sync"],
  },
  prices: { imports: ["core"], builtins: [...BYTES, ...FILES], packages: [] },
  ledger: { imports: ["core", "prices"], builtins: [...BYTES, ...FILES, "node:crypto"], packages: [] },
  store: {
    imports: ["core"],
    builtins: [...BYTES, ...FILES, "node:child_process", "node:crypto", "node:timers/promises"],
    packages: "any",
  },
  gate: {
    imports: ["core", "wire", "usage", "limits"],
    builtins: [...BYTES, ...SOCKETS, "node:crypto"],
    packages: [],
  },
  threads: {
    imports: [
      "core",
      "wire",
      "usage",
      "limits",
      "gate",
      "providers",
      "ledger",
      "prices",
      // The table's layout in shared memory, which both sides must agree on; nothing that reads files.
      "policy/access-table.ts",
    ],
    builtins: [
      ...BYTES,
      "node:worker_threads",
      "node:perf_hooks",
      "node:v8",
      "node:vm",
      "node:net",
      "node:os",
      "node:crypto",
    ],
    packages: [],
  },
  admin: {
    imports: ["core", "policy", "store"],
    builtins: [
      ...BYTES,
      ...FILES,
      "node:crypto",
      "node:http",
      "node:net",
      "node:perf_hooks",
      "node:timers/promises",
      "node:url",
    ],
    packages: ["hono", "hono/cookie", "@hono/node-server", "prom-client", "zod"],
  },
  cli: {
    // Of the ledger, what a command may do beside a running gateway: look at its files, and price closed segments anew.
    imports: ["core", "policy", "prices", "store", "app", "simulator", ...OFFLINE_LEDGER],
    builtins: "any",
    packages: ["commander", "pino"],
  },
  app: { imports: ["*"], builtins: "any", packages: "any" },
  // Answers like the real providers; sharing code with the gateway would share its mistakes.
  simulator: { imports: [], builtins: "any", packages: [] },
};

/** Names that say a concept has not been found yet. */
const EMPTY_WORDS: readonly string[] = [
  "util",
  "utils",
  "helper",
  "helpers",
  "common",
  "shared",
  "misc",
  "types",
  "service",
  "services",
  "manager",
  "managers",
];

const MAX_LINES = 400;

const shipped = readSourceFiles(["src/**/*.ts", "simulator/**/*.ts"]);
const all = [...shipped, ...readSourceFiles(["{test,bench,scripts}/**/*.{ts,cjs}"])];
const isTest = (file: SourceFile): boolean => file.path.endsWith(".test.ts");

test("every file stands in a room that the house knows", () => {
  const lost = shipped.filter((file) => !(roomOf(file.path) in ROOMS)).map((file) => file.path);
  assert.deepEqual(lost, []);
});

test("a room imports only the rooms its row allows", () => {
  assert.deepEqual(
    shipped.flatMap((file) => forbiddenArrows(file)),
    [],
  );
});

test("a room touches only the modules of Node.js and the packages its row allows", () => {
  const strays = shipped.filter((file) => !isTest(file)).flatMap((file) => forbiddenModules(file));
  assert.deepEqual(strays, []);
});

test("no files import each other in a circle", () => {
  assert.deepEqual(findCycles(all), []);
});

test(`no file is longer than ${MAX_LINES} lines`, () => {
  const long = all.filter((file) => file.text.split("\n").length - 1 > MAX_LINES).map((file) => file.path);
  assert.deepEqual(long, []);
});

test("file names are kebab-case and name a concept", () => {
  const nameless = all.filter((file) => !isConcept(file.path)).map((file) => file.path);
  assert.deepEqual(nameless, []);
});

test("nothing is exported by default", () => {
  const offenders = all.filter((file) => /^export default\b|^export \{[^}]*\bas default\b/m.test(file.text));
  assert.deepEqual(
    offenders.map((file) => file.path),
    [],
  );
});

test("the reader of imports sees every form of them", () => {
  const file = parse(
    "src/gate/a.ts",
    [
      'import { b } from "./b.ts";',
      'import type {\n  C,\n  D,\n} from "../core/c.ts";',
      'import "node:fs";',
      'export { e } from "./e.ts";',
      'const f = await import("./f.ts");',
      'new Worker(new URL("./g.ts", import.meta.url));',
      'const text = "from nowhere";',
    ].join("\n"),
  );
  assert.deepEqual(file.ours, ["src/gate/b.ts", "src/core/c.ts", "src/gate/e.ts", "src/gate/f.ts", "src/gate/g.ts"]);
  assert.deepEqual(file.foreign, ["node:fs"]);
});

test("an arrow that is not drawn, a module out of reach and a circle are each found", () => {
  const stray = parse("src/threads/a.ts", 'import "../policy/load.ts";\nimport "../policy/access-table.ts";');
  assert.deepEqual(forbiddenArrows(stray), ["src/threads/a.ts may not import src/allowlist/load-allowlist.ts"]);
  const reader = parse("src/gate/a.ts", 'import "node:fs";\nimport "node:net";\nimport "undici";');
  assert.deepEqual(forbiddenModules(reader), [
    "src/gate/a.ts may not import node:fs",
    "src/gate/a.ts may not import undici",
  ]);
  const circle = [parse("src/gate/a.ts", 'import "./b.ts";'), parse("src/gate/b.ts", 'import "./a.ts";')];
  assert.deepEqual(findCycles(circle), ["src/gate/a.ts → src/gate/b.ts → src/gate/a.ts"]);
});

function forbiddenArrows(file: SourceFile): readonly string[] {
  const room = ROOMS[roomOf(file.path)];
  return file.ours
    .filter((target) => room && roomOf(target) !== roomOf(file.path) && !mayImport(room, target))
    .map((target) => `${file.path} may not import ${target}`);
}

function mayImport(room: Room, target: string): boolean {
  // Its version is the package's; nothing else stands outside the rooms.
  if (target === "package.json") return room.builtins === "any";
  return room.imports.some((allowed) => allowed === "*" || allowed === roomOf(target) || `src/${allowed}` === target);
}

function forbiddenModules(file: SourceFile): readonly string[] {
  const room = ROOMS[roomOf(file.path)];
  return file.foreign
    .filter((name) => {
      const allowed = name.startsWith("node:") ? room?.builtins : room?.packages;
      return allowed !== undefined && allowed !== "any" && !allowed.includes(name);
    })
    .map((name) => `${file.path} may not import ${name}`);
}

function isConcept(path: string): boolean {
  const [name = ""] = basename(path).split(".");
  return /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) && !name.split("-").some((word) => EMPTY_WORDS.includes(word));
}
