// The architecture, as two tables that cannot go stale: which module may import which, and which folder inside a module
// may import which. Both are listed from the bottom up, a row may only name rows above it, and every import in the code
// is held against them. So an undeclared arrow, an upward arrow and a cycle each fail a test.
import assert from "node:assert/strict";
import { basename, dirname } from "node:path/posix";
import { test } from "node:test";
import { FOLDERS } from "./harness/folders.ts";
import { findCycles, moduleOf, parse, readSourceFiles, type SourceFile } from "./harness/source-file.ts";

interface Module {
  /** Modules, or single folders or files of a module, that it may import. */
  readonly imports: readonly string[];
  /** Modules of Node.js it may import. What is missing here (files, sockets) is what the module is kept away from. */
  readonly builtins: readonly string[] | "any";
  /** Packages it may import. The path of a request uses none. */
  readonly packages: readonly string[] | "any";
}

const FILES = ["node:fs", "node:fs/promises", "node:path", "node:os"];
const SOCKETS = ["node:net", "node:tls", "node:dns"];
const BYTES = ["node:buffer"];

/** The type `Settings` and its sections, which derive from the configuration's rows. */
const SETTINGS = "config/settings.ts";

const MODULES: Readonly<Record<string, Module>> = {
  core: { imports: [], builtins: BYTES, packages: [] },
  wire: { imports: [], builtins: BYTES, packages: [] },
  // Responds like the real providers; sharing code with the gateway would share its mistakes.
  simulator: { imports: [], builtins: "any", packages: [] },
  jsonl: { imports: ["core"], builtins: [...BYTES, ...FILES], packages: [] },
  usage: { imports: ["core"], builtins: [...BYTES, "node:zlib"], packages: [] },
  providers: { imports: ["core"], builtins: BYTES, packages: [] },
  config: {
    imports: ["core", "providers"],
    // node:net for `isIP` alone, node:timers/promises to wait for another writer of a file.
    builtins: [...BYTES, ...FILES, "node:crypto", "node:net", "node:timers/promises"],
    packages: ["zod", "yaml"],
  },
  allowlist: {
    imports: ["core", "config"],
    builtins: [...BYTES, ...FILES, "node:crypto"],
    packages: ["csv-parse/sync"],
  },
  prices: { imports: ["core", "providers", "config"], builtins: [...BYTES, ...FILES], packages: ["yaml", "zod"] },
  ledger: { imports: ["core", "jsonl", "prices"], builtins: [...BYTES, ...FILES, "node:crypto"], packages: [] },
  store: {
    imports: ["core", "jsonl", SETTINGS],
    builtins: [...BYTES, ...FILES, "node:child_process", "node:crypto", "node:timers/promises"],
    packages: "any",
  },
  proxy: {
    imports: ["core", "wire", "usage", SETTINGS],
    builtins: [...BYTES, ...SOCKETS, "node:crypto"],
    packages: [],
  },
  workers: {
    imports: [
      "core",
      "wire",
      "usage",
      "providers",
      "prices",
      "ledger",
      "proxy",
      SETTINGS,
      // The table's layout in shared memory, which both sides must agree on; nothing that reads files.
      "allowlist/access-table.ts",
    ],
    builtins: [
      ...BYTES,
      "node:events",
      "node:worker_threads",
      // Reaches a worker whose event loop hangs.
      "node:inspector",
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
    imports: ["core", "jsonl", "config", "allowlist", "store"],
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
  app: {
    imports: ["core", "config", "allowlist", "prices", "store", "proxy", "workers", "admin"],
    builtins: "any",
    packages: "any",
  },
  demo: { imports: ["core", "simulator"], builtins: "any", packages: "any" },
  cli: {
    // A command may do two things with the ledger beside a running gateway: read its files, and reprice closed segments.
    imports: ["core", "jsonl", "config", "allowlist", "prices", "store", "ledger/files", "ledger/tools", "app", "demo"],
    builtins: "any",
    packages: ["commander", "pino", "string-width"],
  },
};

/** Names that say that no concept has been found for the file yet. */
const EMPTY_WORDS: readonly string[] = ["util", "utils", "helper", "helpers", "common", "shared", "misc", "types"];

const MAX_LINES = 400;
const MAX_FILES = 15;

/** Folders whose name tells files of the same name apart: `routes/keys.ts` is the API's, `commands/keys/keys.ts` the CLI's. */
const DISTINCT_FOLDERS: readonly string[] = ["routes", "commands"];

const shipped = readSourceFiles(["src/**/*.ts", "simulator/**/*.ts"]);
const all = [...shipped, ...readSourceFiles(["{test,bench,scripts}/**/*.{ts,cjs}"])];
const isTest = (file: SourceFile): boolean => file.path.endsWith(".test.ts");

test("every file belongs to a module that the table lists", () => {
  const unlisted = shipped.filter((file) => !(moduleOf(file.path) in MODULES)).map((file) => file.path);
  assert.deepEqual(unlisted, []);
});

test("a module imports only what its row allows", () => {
  assert.deepEqual(
    shipped.flatMap((file) => forbiddenModuleImports(file)),
    [],
  );
});

test("a row of the modules names only modules above it", () => {
  const names = Object.keys(MODULES);
  const upward = Object.entries(MODULES).flatMap(([name, row]) =>
    row.imports
      .filter((target) => names.indexOf(target.split("/")[0] ?? "") >= names.indexOf(name))
      .map((target) => `${name} → ${target}`),
  );
  assert.deepEqual(upward, []);
});

test("a folder imports only the folders of its module that its row allows", () => {
  assert.deepEqual(
    shipped.flatMap((file) => forbiddenFolderImports(file)),
    [],
  );
});

test("a row of the folders names only folders above it", () => {
  const names = Object.keys(FOLDERS);
  const upward = Object.entries(FOLDERS).flatMap(([name, imports]) =>
    imports.filter((target) => names.indexOf(target) >= names.indexOf(name)).map((target) => `${name} → ${target}`),
  );
  assert.deepEqual(upward, []);
});

test("every arrow that the folders' table declares is used", () => {
  const used = new Set(
    shipped.flatMap((file) => file.ours.map((target) => `${folderOf(file.path)} → ${folderOf(target)}`)),
  );
  const unused = Object.entries(FOLDERS).flatMap(([name, imports]) =>
    imports.map((target) => `${name} → ${target}`).filter((arrow) => !used.has(arrow)),
  );
  assert.deepEqual(unused, []);
});

test("a module touches only the modules of Node.js and the packages its row allows", () => {
  const forbidden = shipped.filter((file) => !isTest(file)).flatMap((file) => forbiddenPackages(file));
  assert.deepEqual(forbidden, []);
});

test("no files import each other in a cycle", () => {
  assert.deepEqual(findCycles(all), []);
});

test(`no file is longer than ${MAX_LINES} lines`, () => {
  const long = all.filter((file) => file.text.split("\n").length - 1 > MAX_LINES).map((file) => file.path);
  assert.deepEqual(long, []);
});

test(`no folder of src/ holds more than ${MAX_FILES} files beside their tests`, () => {
  const sizes = Map.groupBy(
    shipped.filter((file) => !isTest(file) && file.path.startsWith("src/")),
    (file) => dirname(file.path),
  );
  const large = [...sizes].filter(([, files]) => files.length > MAX_FILES).map(([folder]) => folder);
  assert.deepEqual(large, []);
});

test("no two files of src/ share a name unless their folder tells them apart", () => {
  const files = shipped.filter((file) => !isTest(file) && file.path.startsWith("src/"));
  const distinct = (path: string): boolean =>
    dirname(path)
      .split("/")
      .some((part) => DISTINCT_FOLDERS.includes(part));
  const byName = Map.groupBy(
    files.filter((file) => !distinct(file.path)),
    (file) => basename(file.path),
  );
  const shared = [...byName.values()].filter((same) => same.length > 1).map((same) => same.map((file) => file.path));
  assert.deepEqual(shared, []);
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

test("the import reader finds every form of import", () => {
  const file = parse(
    "src/proxy/a.ts",
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
  assert.deepEqual(file.ours, [
    "src/proxy/b.ts",
    "src/core/c.ts",
    "src/proxy/e.ts",
    "src/proxy/f.ts",
    "src/proxy/g.ts",
  ]);
  assert.deepEqual(file.foreign, ["node:fs"]);
});

test("an undeclared arrow, a forbidden module and a cycle are each found", () => {
  const worker = parse("src/workers/a.ts", 'import "../allowlist/csv.ts";\nimport "../allowlist/access-table.ts";');
  assert.deepEqual(forbiddenModuleImports(worker), ["src/workers/a.ts may not import src/allowlist/csv.ts"]);
  const upward = parse("src/proxy/io/a.ts", 'import "../exchange/exchange.ts";\nimport "./timer-wheel.ts";');
  assert.deepEqual(forbiddenFolderImports(upward), ["src/proxy/io/a.ts may not import src/proxy/exchange/exchange.ts"]);
  const reader = parse("src/proxy/a.ts", 'import "node:fs";\nimport "node:net";\nimport "undici";');
  assert.deepEqual(forbiddenPackages(reader), [
    "src/proxy/a.ts may not import node:fs",
    "src/proxy/a.ts may not import undici",
  ]);
  const cycle = [parse("src/proxy/a.ts", 'import "./b.ts";'), parse("src/proxy/b.ts", 'import "./a.ts";')];
  assert.deepEqual(findCycles(cycle), ["src/proxy/a.ts → src/proxy/b.ts → src/proxy/a.ts"]);
});

function forbiddenModuleImports(file: SourceFile): readonly string[] {
  const row = MODULES[moduleOf(file.path)];
  return (
    file.ours
      .filter((target) => row && moduleOf(target) !== moduleOf(file.path) && !mayImport(row, target))
      // Tests beside the code share the harness of those in `test`.
      .filter((target) => !(isTest(file) && target.startsWith("test/harness/")))
      .map((target) => `${file.path} may not import ${target}`)
  );
}

function mayImport(row: Module, target: string): boolean {
  // The version comes from package.json; nothing else outside the modules may be imported.
  if (target === "package.json") return row.builtins === "any";
  return row.imports.some(
    (allowed) => moduleOf(target) === allowed || `src/${allowed}` === target || target.startsWith(`src/${allowed}/`),
  );
}

function forbiddenFolderImports(file: SourceFile): readonly string[] {
  const own = folderOf(file.path);
  const allowed = FOLDERS[own] ?? [];
  return file.ours
    .filter((target) => moduleOf(target) === moduleOf(file.path) && folderOf(target) !== own)
    .filter((target) => !allowed.includes(folderOf(target)))
    .map((target) => `${file.path} may not import ${target}`);
}

function forbiddenPackages(file: SourceFile): readonly string[] {
  const row = MODULES[moduleOf(file.path)];
  return file.foreign
    .filter((name) => {
      const allowed = name.startsWith("node:") ? row?.builtins : row?.packages;
      return allowed !== undefined && allowed !== "any" && !allowed.includes(name);
    })
    .map((name) => `${file.path} may not import ${name}`);
}

/** The folder of a file below src/: `proxy/io`, or `proxy` for a file directly in the module. */
function folderOf(path: string): string {
  return dirname(path).replace(/^src\//, "");
}

function isConcept(path: string): boolean {
  const [name = ""] = basename(path).split(".");
  return /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) && !name.split("-").some((word) => EMPTY_WORDS.includes(word));
}
