// S50: lists the code that can start a program, run text as code or open a connection. In other gateways, attackers took
// over endpoints ("test this connection", "preview this prompt") that did one of these on behalf of a request.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readSourceFiles } from "../harness/source-file.ts";

interface Danger {
  readonly what: string;
  readonly pattern: RegExp;
  /** Files that may do it. */
  readonly allowed: readonly string[];
}

const DANGERS: readonly Danger[] = [
  {
    what: "starts a program",
    pattern: /["'](?:node:)?(?:child_process|cluster)["']/,
    // The store's own process; the demo's gateway.
    allowed: ["src/demo/child-gateway.ts", "src/store/service/store-client.ts"],
  },
  {
    what: "runs text as code",
    pattern: /\beval\s*\(|\bnew Function\b|\bFunction\s*\(\s*["'`]|["'](?:node:)?vm["']/,
    // Exposes `gc`, to free memory after the start.
    allowed: ["src/workers/supervision/collect-startup-garbage.ts"],
  },
  {
    what: "loads what it is told to",
    pattern: /\bimport\s*\(\s*(?!["'])|\brequire\s*\(|\bcreateRequire\b|\bprocess\.(?:binding|dlopen)\b/,
    allowed: [],
  },
  {
    what: "inspects the process",
    pattern: /["'](?:node:)?(?:inspector|repl)["']/,
    // To interrupt an endless loop in a worker of this process. It opens no port.
    allowed: ["src/workers/supervision/interrupt-worker.ts"],
  },
  {
    what: "fetches",
    pattern: /\bfetch\s*\(|\bnew WebSocket\b|\bnew EventSource\b/,
    // The demo's own clients.
    allowed: ["src/demo/live-traffic.ts", "src/demo/sample-traffic.ts"],
  },
  {
    what: "sends HTTP requests",
    pattern: /\b(?:request|get)\b[^;]*\bfrom ["']node:https?["']/,
    // Commands that query a gateway or check a provider; not the gateway itself.
    allowed: [
      "src/cli/query/api-client.ts",
      "src/cli/commands/doctor/doctor-providers.ts",
      "src/cli/commands/healthcheck.ts",
    ],
  },
  {
    what: "opens connections",
    pattern: /\b(?:connect|createConnection|new Socket|new TLSSocket)\s*\(/,
    // To providers; to a database and to an inspector in this process.
    allowed: [
      "src/proxy/upstream/upstream-socket.ts",
      "src/store/duckdb/database.ts",
      "src/workers/supervision/interrupt-worker.ts",
    ],
  },
];

const files = readSourceFiles(["src/**/*.ts"]).filter(({ path }) => !path.endsWith(".test.ts"));

for (const { what, pattern, allowed } of DANGERS) {
  test(`S50: what ${what} is on a list`, () => {
    const found = files.filter(({ text }) => pattern.test(withoutComments(text))).map(({ path }) => path);
    assert.deepEqual(
      found.filter((path) => !allowed.includes(path)),
      [],
    );
  });
}

test("S50: the admin module starts no process, opens no connection and writes only its own files", () => {
  const admin = files.filter(({ path }) => path.startsWith("src/admin/"));
  assert.ok(admin.length > 20);
  const writing = /\b(?:writeFile|appendFile|writeSync|unlinkSync|rename|rm|createWriteStream)\w*\s*\(/;
  const found = admin.filter(({ text }) => writing.test(withoutComments(text))).map(({ path }) => path);
  assert.deepEqual(found, ["src/admin/api/audit-log.ts", "src/admin/server/token.ts"]);
});

test("S50: the patterns find what they look for", () => {
  const samples = [
    'import { exec } from "node:child_process";',
    'eval ("1")',
    "await import(name)",
    'import * as repl from "node:repl";',
    "await fetch(url)",
    'import { request } from "node:http";',
    "tls.connect({ host })",
  ];
  assert.deepEqual(
    samples.map((sample, index) => DANGERS[index]?.pattern.test(sample)),
    samples.map(() => true),
  );
});

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, "");
}
