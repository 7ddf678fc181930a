/** HAProxy and nginx as plain reverse proxies, if they are installed. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { listening, startNginx } from "../../bench/nginx.ts";
import { freePort } from "../harness/free-port.ts";

export interface OtherProxy {
  readonly name: "haproxy" | "nginx";
  /** The name that it prints. */
  readonly version: string;
  readonly port: number;
  stop(): Promise<void>;
}

const LOCAL: readonly string[] = ["127.0.0.1"];

/** `undefined` if it is not installed. With several `hosts`, the upstream has these addresses. */
export async function startNginxProxy(
  upstreamPort: number,
  hosts = LOCAL,
  directives = "",
): Promise<OtherProxy | undefined> {
  const version = versionOf("nginx", "-v");
  if (version === undefined) return undefined;
  const port = await freePort();
  const directory = await mkdtemp(join(tmpdir(), "lmgate-nginx-"));
  const several = hosts.length > 1;
  const target = several ? "several" : `${hosts[0]}:${upstreamPort}`;
  const servers = hosts.map((host) => `server ${host}:${upstreamPort} max_fails=0;`);
  const nginx = await startNginx(
    directory,
    port,
    `keepalive_timeout 5s; client_header_timeout 2s; client_body_timeout 2s; proxy_read_timeout 2s;
     proxy_connect_timeout 2s; ${several ? `upstream several { ${servers.join(" ")} }` : ""}
     server { listen 127.0.0.1:${port}; ${directives} location / { proxy_pass http://${target}; proxy_http_version 1.1; } }`,
  );
  return {
    name: "nginx",
    version,
    port,
    async stop() {
      await nginx.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** `undefined` if it is not installed. */
export async function startHaproxy(upstreamPort: number, hosts = LOCAL): Promise<OtherProxy | undefined> {
  const version = versionOf("haproxy", "-v");
  if (version === undefined) return undefined;
  const port = await freePort();
  const directory = await mkdtemp(join(tmpdir(), "lmgate-haproxy-"));
  const file = join(directory, "haproxy.cfg");
  await writeFile(
    file,
    `defaults
  mode http
  timeout connect 2s
  timeout client 2s
  timeout server 2s
  timeout http-request 2s
frontend front
  bind 127.0.0.1:${port}
  default_backend back
backend back
  balance roundrobin
  option redispatch
${hosts.map((host, at) => `  server upstream${at} ${host}:${upstreamPort}`).join("\n")}
`,
  );
  const child = spawn("haproxy", ["-db", "-q", "-f", file], { stdio: "ignore" });
  await listening(child, port);
  return {
    name: "haproxy",
    version,
    port,
    async stop() {
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The version number in `nginx/1.22.1` or `HAProxy version 2.6.12-1+deb12u3`. */
function versionOf(command: string, flag: string): string | undefined {
  const { error, stdout, stderr } = spawnSync(command, [flag], { encoding: "utf8" });
  return error === undefined ? /\d+\.\d+\.\d+/.exec(stdout + stderr)?.[0] : undefined;
}
