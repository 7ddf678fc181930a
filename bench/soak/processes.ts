import { randomBytes } from "node:crypto";
/** Starts the gateway under test and the simulated providers, each in its own process. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { LoggedRequest } from "../../simulator/request-log.ts";
import { startChildGateway, withoutGatewaySettings, type ChildGateway } from "../../src/demo/child-gateway.ts";
import { SOAK_KEY } from "./planned-request.ts";

export interface Upstream {
  readonly port: number;
  stop(): Promise<void>;
}

interface UpstreamMessage {
  readonly port?: number;
  readonly ended?: readonly LoggedRequest[];
}

export async function startUpstream(onEnded: (requests: readonly LoggedRequest[]) => void): Promise<Upstream> {
  const child: ChildProcess = fork(fileURLToPath(new URL("upstream.ts", import.meta.url)), {
    stdio: ["ignore", 2, 2, "ipc"],
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the upstream ended with ${code}`)));
    child.on("message", (message: UpstreamMessage) => {
      if (message.port !== undefined) resolve(message.port);
      if (message.ended !== undefined) onEnded(message.ended);
    });
  });
  return {
    port,
    async stop() {
      const exited = once(child, "exit");
      child.disconnect();
      const killTimer = setTimeout(() => child.kill("SIGKILL"), 5_000);
      await exited;
      clearTimeout(killTimer);
    },
  };
}

export interface SoakGateway extends ChildGateway {
  readonly port: number;
  readonly pid: number;
  readonly statsPath: string;
  remove(): Promise<void>;
}

export async function startSoakGateway(upstreamPort: number, workers: number | "auto"): Promise<SoakGateway> {
  const directory = await mkdtemp(join(tmpdir(), "lmgate-soak-"));
  await mkdir(join(directory, "data"));
  await writeFile(join(directory, "data/allowlist.csv"), `id,api_key,owner,added\nsoak,${SOAK_KEY},soak,2026-01-01\n`);
  // A gateway that generates its token prints it; with an existing token stderr stays empty, which the report checks.
  await writeFile(join(directory, "data/admin-token"), `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600 });
  const upstream = `http://127.0.0.1:${upstreamPort}`;
  const configuration = {
    server: { host: "127.0.0.1", port: 0, workers },
    admin: { host: "127.0.0.1", port: 0 },
    // Large enough for a single segment, which is read while it grows.
    stats: { rotate_megabytes: 1_000_000 },
    // Long timeouts: a slow machine must not end a request.
    timeouts: { drain_seconds: 10, client_head_seconds: 300, connect_seconds: 120 },
    providers: { openai: { upstream: `${upstream}/openai` }, anthropic: { upstream: `${upstream}/anthropic` } },
  };
  const configPath = join(directory, "lmgate.yaml");
  await writeFile(configPath, JSON.stringify(configuration)); // JSON is YAML
  const gateway = await startChildGateway({ configPath, cwd: directory, env: withoutGatewaySettings(process.env) });
  return {
    ...gateway,
    port: Number(new URL(gateway.address).port),
    pid: gateway.child.pid ?? 0,
    statsPath: join(directory, "data/stats.jsonl"),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
