import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const LISTEN_ATTEMPTS = 2_000;
const LISTEN_PAUSE_MS = 5;

export interface Nginx {
  readonly pid: number;
  stop(): Promise<void>;
}

/** Runs nginx with one worker and these `http` directives in the given directory. `onStart` receives the process. */
export async function startNginx(
  directory: string,
  port: number,
  http: string,
  onStart?: (child: ChildProcess) => void,
): Promise<Nginx> {
  mkdirSync(directory, { recursive: true });
  const configuration = join(directory, "nginx.conf");
  writeFileSync(
    configuration,
    `worker_processes 1; daemon off; pid ${directory}/pid; error_log ${directory}/error.log error;
     events { worker_connections 8192; }
     http { access_log off; keepalive_requests 100000000; client_body_temp_path ${directory}/body;
            proxy_temp_path ${directory}/proxy; fastcgi_temp_path ${directory}/f; uwsgi_temp_path ${directory}/u; scgi_temp_path ${directory}/s;
            client_body_buffer_size 1m; ${http} }`,
  );
  const child = spawn("nginx", ["-c", configuration, "-p", directory], { stdio: ["ignore", "inherit", "inherit"] });
  onStart?.(child);
  await listening(child, port);
  return {
    pid: child.pid ?? 0,
    async stop() {
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
    },
  };
}

/** Waits until the port accepts connections; rejects if the process has ended. */
export async function listening(child: ChildProcess, port: number): Promise<void> {
  for (let attempt = 0; attempt < LISTEN_ATTEMPTS; attempt++) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}`);
    if (await accepts(port)) return;
    await delay(LISTEN_PAUSE_MS);
  }
  throw new Error(`${child.spawnfile} is not listening on ${port}`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
