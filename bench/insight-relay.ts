/** Forwards requests through a gateway while the query store runs its most expensive query. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StoreReader } from "../src/store/schema/reader.ts";
import { HEAVIEST } from "./insight-panels.ts";
import { listening, startNginx } from "./nginx.ts";
import { steadyLoad } from "./steady-load.ts";

const UPSTREAM_PORT = 19_089;
const GATEWAY_PORT = 19_087;
const KEY = "sk-bench-0123456789-abcdef";

export interface RelayTimes {
  readonly idle: readonly number[];
  readonly during: readonly number[];
}

interface RelayOptions {
  readonly mainFile: string;
  readonly seconds: number;
  readonly openReader: () => { readonly reader: StoreReader; readonly close: () => void };
}

/** Sends requests at a steady rate, in turn without and with the heaviest query running in a loop. */
export async function measureRelay({ mainFile, seconds, openReader }: RelayOptions): Promise<RelayTimes> {
  const directory = mkdtempSync(join(tmpdir(), "lmgate-insight-relay-"));
  const usage = { prompt_tokens: 120, completion_tokens: 120, total_tokens: 240 };
  const response = JSON.stringify({
    object: "chat.completion",
    model: "gpt-bench",
    choices: [],
    usage,
    pad: "x".repeat(700),
  });
  const upstream = await startNginx(
    join(directory, "upstream"),
    UPSTREAM_PORT,
    `server { listen 127.0.0.1:${UPSTREAM_PORT}; location / { default_type application/json; return 200 '${response}'; } }`,
  );
  mkdirSync(join(directory, "data"));
  writeFileSync(join(directory, "data/allowlist.csv"), `id,api_key,owner,added\n1,${KEY},bench,2026-01-01\n`);
  writeFileSync(join(directory, "lmgate.yaml"), insightConfiguration("", "data/store"));
  const gateway = spawn(process.execPath, [mainFile, "start", "--config", "lmgate.yaml"], {
    cwd: directory,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const { reader, close } = openReader();
  try {
    await listening(gateway, GATEWAY_PORT);
    const load = {
      url: `http://127.0.0.1:${GATEWAY_PORT}/openai/v1/chat/completions`,
      headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "gpt-bench", messages: [{ role: "user", content: "hello" }] }),
      perSecond: 200,
      seconds: seconds / 2,
    };
    await HEAVIEST.run(reader);
    await steadyLoad({ ...load, seconds: 2 });
    const idle: number[] = [];
    const during: number[] = [];
    for (let turn = 0; turn < 2; turn += 1) {
      idle.push(...(await steadyLoad(load)));
      during.push(...(await duringHeaviest(reader, () => steadyLoad(load))));
    }
    return { idle, during };
  } finally {
    close();
    gateway.kill("SIGTERM");
    await once(gateway, "exit");
    await upstream.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function duringHeaviest<T>(reader: StoreReader, work: () => Promise<T>): Promise<T> {
  const finished = new AbortController();
  const querying = (async (): Promise<void> => {
    while (!finished.signal.aborted) await HEAVIEST.run(reader);
  })();
  try {
    return await work();
  } finally {
    finished.abort();
    await querying;
  }
}

export function insightConfiguration(stats: string, store: string): string {
  return `server: { host: 127.0.0.1, port: ${GATEWAY_PORT}, workers: 1 }
admin: { host: 127.0.0.1, port: 0 }
${stats}
store: { path: ${store} }
providers:
  openai: { upstream: "http://127.0.0.1:${UPSTREAM_PORT}/" }
`;
}
