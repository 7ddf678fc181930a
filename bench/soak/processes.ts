import { randomBytes } from "node:crypto";
/** The gateway under test and the providers behind it, each in a process of its own. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { AnsweredCall } from "../../simulator/request-log.ts";
import { startChildGateway, withoutGatewaySettings, type ChildGateway } from "../../src/demo/child-gateway.ts";
import { SOAK_KEY } from "./planned-request.ts";

export interface Upstream {
  readonly port: number;
  stop(): Promise<void>;
}

interface Told {
  readonly port?: number;
  readonly ended?: readonly AnsweredCall[];
}

export async function startUpstream(onEnded: (calls: readonly AnsweredCall[]) => void): Promise<Upstream> {
  const child: ChildProcess = fork(fileURLToPath(new URL("upstream.ts", import.meta.url)), {
    stdio: ["ignore", 2, 2, "ipc"],
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the upstream ended with ${code}`)));
    child.on("message", (told: Told) => {
      if (told.port !== undefined) resolve(told.port);
      if (told.ended !== undefined) onEnded(told.ended);
    });
  });
  return {
    port,
    async stop() {
      const exited = once(child, "exit");
      child.disconnect();
      const late = setTimeout(() => child.kill("SIGKILL"), 5_000);
      await exited;
      clearTimeout(late);
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
  // A gateway that makes its token says so, and here it shall have nothing to say.
  await writeFile(join(directory, "data/admin-token"), `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600 });
  const upstream = `http://127.0.0.1:${upstreamPort}`;
  const configuration = {
    server: { host: "127.0.0.1", port: 0, workers },
    admin: { host: "127.0.0.1", port: 0 },
    // One segment, which is read while it grows.
    stats: { rotate_megabytes: 1_000_000 },
    // Nothing is judged by its speed, so nothing may end for want of it.
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
