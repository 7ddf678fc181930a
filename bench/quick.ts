// A quick benchmark: CPU time per request of LMGate's process and of a plain nginx reverse proxy, measured in turn in front
// of the same upstream. LMGate runs with allow-list, usage and ledger, and with one data worker.
//
//   npm run bench:quick [-- --rounds N --seconds N --gzip]
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { childrenCpuMicroseconds, cpuMicroseconds } from "./cpu-time.ts";
import { listening, startNginx } from "./nginx.ts";
import { markdownTable } from "./markdown-table.ts";
import { median } from "./statistics.ts";
import { runWrk } from "./wrk.ts";

const UPSTREAM_PORT = 19_099;
const NGINX_PORT = 19_098;
const GATEWAY_PORT = 19_097;
const KEY = "sk-bench-0123456789-abcdef";
const MAX_RATIO = 3.0;

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "4" },
    connections: { type: "string", default: "32" },
    gzip: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
  },
});

for (const [tool, hint] of [
  ["nginx", "apt-get install nginx"],
  ["wrk", "apt-get install wrk"],
] as const) {
  if (spawnSync("sh", ["-c", `command -v ${tool}`]).status !== 0) {
    process.stderr.write(`bench:quick needs ${tool}: ${hint}\n`);
    process.exit(1);
  }
}

const directory = mkdtempSync(join(tmpdir(), "lmgate-bench-"));
const response = JSON.stringify({
  id: "chatcmpl-bench",
  object: "chat.completion",
  created: 1_795_000_000,
  model: "gpt-bench-2026",
  choices: [{ index: 0, message: { role: "assistant", content: "word ".repeat(120) }, finish_reason: "stop" }],
  usage: {
    prompt_tokens: 120,
    completion_tokens: 120,
    total_tokens: 240,
    prompt_tokens_details: { cached_tokens: 64, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
  },
  service_tier: "default",
});

const upstream = await startNginx(
  join(directory, "upstream"),
  UPSTREAM_PORT,
  `server { listen 127.0.0.1:${UPSTREAM_PORT} backlog=4096;
     ${values.gzip ? "gzip on; gzip_types application/json; gzip_comp_level 1;" : ""}
     location / { default_type application/json; add_header x-request-id bench; return 200 '${response}'; } }`,
);
const nginx = await startNginx(
  join(directory, "nginx"),
  NGINX_PORT,
  `upstream up { server 127.0.0.1:${UPSTREAM_PORT}; keepalive 256; keepalive_requests 100000000; }
   server { listen 127.0.0.1:${NGINX_PORT} backlog=4096;
     location /openai/ { proxy_pass http://up/; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Accept-Encoding $http_accept_encoding; } }`,
);
const gateway = await startGatewayProcess();

const load = {
  directory,
  connections: Number(values.connections),
  method: "POST",
  headers: {
    Authorization: `Bearer ${KEY}`,
    "Content-Type": "application/json",
    Accept: "application/json",
    "User-Agent": "OpenAI/JS 7.57.0",
    "X-Stainless-Lang": "js",
    "X-Stainless-Package-Version": "7.57.0",
    "X-Stainless-Runtime": "node",
    "X-Stainless-Retry-Count": "0",
    ...(values.gzip ? { "Accept-Encoding": "gzip, deflate" } : {}),
  },
  body: JSON.stringify({ model: "gpt-bench", messages: [{ role: "user", content: "hello ".repeat(22) }] }),
};

const figures = { nginx: [] as number[], lmgate: [] as number[] };
const rates = { nginx: [] as number[], lmgate: [] as number[] };
try {
  await measure("nginx", 1);
  await measure("lmgate", 2);
  figures.nginx.length = figures.lmgate.length = rates.nginx.length = rates.lmgate.length = 0;
  for (let round = 0; round < Number(values.rounds); round++) {
    await measure("nginx", Number(values.seconds));
    await measure("lmgate", Number(values.seconds));
  }
  report();
} finally {
  if (gateway.child.exitCode === null && gateway.child.signalCode === null) {
    gateway.child.kill("SIGTERM");
    await once(gateway.child, "exit");
  }
  await nginx.stop();
  await upstream.stop();
  rmSync(directory, { recursive: true, force: true });
}

async function measure(proxy: "nginx" | "lmgate", seconds: number): Promise<void> {
  const port = proxy === "nginx" ? NGINX_PORT : GATEWAY_PORT;
  const used = (): number => (proxy === "nginx" ? childrenCpuMicroseconds(nginx.pid) : cpuMicroseconds(gateway.pid));
  const before = used();
  const result = await runWrk({ ...load, seconds, url: `http://127.0.0.1:${port}/openai/v1/chat/completions` });
  if (result.errors > 0) throw new Error(`${proxy}: ${result.errors} of ${result.requests} requests failed`);
  figures[proxy].push((used() - before) / result.requests);
  rates[proxy].push(result.requestsPerSecond);
}

function report(): void {
  const ratios = figures.lmgate.map((figure, round) => figure / (figures.nginx[round] ?? NaN));
  const last = lastRecord(join(directory, "data/stats.jsonl"));
  const row = (name: string, cpu: number[], rate: number[]): readonly string[] => [
    name,
    `${median(cpu).toFixed(1)} (${Math.min(...cpu).toFixed(1)}–${Math.max(...cpu).toFixed(1)})`,
    String(Math.round(median(rate))),
  ];
  const table = markdownTable([
    ["Proxy", "CPU µs per request: median (range)", "Requests/s"],
    row("nginx, plain reverse proxy", figures.nginx, rates.nginx),
    row("LMGate, everything on", figures.lmgate, rates.lmgate),
  ]);
  process.stdout.write(`
${values.rounds} rounds of ${values.seconds} s, ${values.connections} connections, 1 KB JSON responses${values.gzip ? ", gzipped" : ""}; usage of the last record: ${last.total_tokens} tokens

${table}

ratio LMGate / nginx, round by round: median ${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}), target: at most ${MAX_RATIO.toFixed(1)}
`);
  if (median(ratios) > MAX_RATIO) process.exitCode = 1;
}

/** Reads only the end of the file, which is large. */
function lastRecord(path: string): { total_tokens?: number } {
  const tail = Buffer.alloc(8_192);
  const file = openSync(path, "r");
  const { size } = fstatSync(file);
  const read = readSync(file, tail, 0, tail.length, Math.max(0, size - tail.length));
  closeSync(file);
  const line = tail.toString("utf8", 0, read).trimEnd().split("\n").at(-1) ?? "{}";
  return JSON.parse(line) as { total_tokens?: number }; // as: LMGate wrote the record; it is only printed
}

async function startGatewayProcess() {
  mkdirSync(join(directory, "data"));
  writeFileSync(join(directory, "data/allowlist.csv"), `id,api_key,owner,added\n1,${KEY},bench,2026-01-01\n`);
  writeFileSync(
    join(directory, "lmgate.yaml"),
    `server: { host: 127.0.0.1, port: ${GATEWAY_PORT}, workers: 1 }
admin: { host: 127.0.0.1, port: 0 }
stats: { rotate_megabytes: 10000 }
providers:
  openai: { upstream: "http://127.0.0.1:${UPSTREAM_PORT}/" }
`,
  );
  const root = fileURLToPath(new URL("..", import.meta.url));
  const built = join(root, "dist/src/cli/main.js");
  const main = existsSync(built) ? built : join(root, "src/cli/main.ts");
  const flags = values.profile ? ["--cpu-prof", `--cpu-prof-dir=${join(tmpdir(), "lmgate-profile")}`] : [];
  const child = spawn(process.execPath, [...flags, main, "start", "--config", "lmgate.yaml"], {
    cwd: directory,
    stdio: ["ignore", "ignore", "inherit"],
  });
  await listening(child, GATEWAY_PORT);
  return { child, pid: child.pid ?? 0 };
}
