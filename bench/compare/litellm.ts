import { spawnSync, type SpawnOptions } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePorts } from "./free-ports.ts";
import type { Proxy } from "./proxy.ts";
import { isTls, KEY, ROUTES } from "./target.ts";

const directory = join(import.meta.dirname, "../.peers/litellm");
const command = join(directory, "bin/litellm");

const VERSION = "1.108.7";

/** LiteLLM's proxy with one worker, without a database. Each process has one upstream; a workload uses one of them. */
export const litellm: Proxy = {
  name: "litellm",
  title: "LiteLLM",
  missing: () => (existsSync(command) ? undefined : "not installed: `npm run bench -- --install-peers`"),
  version: () => VERSION,
  async start({ children, directory: place, upstreams }) {
    const plain = ROUTES.filter((route) => !isTls(route));
    const ports = await freePorts(plain.length);
    const started = plain.map((route, index) => {
      const folder = join(place, route);
      mkdirSync(folder, { recursive: true });
      writeFileSync(
        join(folder, "config.yaml"),
        `model_list:
  - model_name: gpt-bench
    litellm_params: { model: openai/gpt-bench, api_base: "http://127.0.0.1:${upstreams[route]}/v1", api_key: none }
general_settings: { master_key: ${KEY} }
`,
      );
      const flags = ["--config", "config.yaml", "--host", "127.0.0.1", "--num_workers", "1"];
      // It writes a line for each failed request.
      const stdio: SpawnOptions["stdio"] = "ignore";
      return children.start(command, [...flags, "--port", String(ports[index])], { cwd: folder, stdio });
    });
    return {
      pids: (route) => [started[plain.indexOf(route)]?.pid ?? 0],
      target: (route) =>
        isTls(route) ? undefined : { port: ports[plain.indexOf(route)] ?? 0, prefix: "", headers: {} },
      stop: async () => void (await Promise.all(started.map((child) => children.stop(child)))),
    };
  },
};

/** Installs it from PyPI into a virtual environment; returns the reason if there is no Python for that. */
export function installLitellm(): string | undefined {
  mkdirSync(directory, { recursive: true });
  for (const [program, ...args] of [
    ["python3", "-m", "venv", directory],
    [join(directory, "bin/pip"), "install", "--quiet", `litellm[proxy]==${VERSION}`],
  ]) {
    const { status, error } = spawnSync(program ?? "", args, { stdio: "inherit" });
    if (error !== undefined) return `${program} could not be started: ${error.message}`;
    if (status !== 0) return `${program} ended with ${status}`;
  }
  return undefined;
}
