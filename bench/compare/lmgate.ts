import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { runNode } from "../../scripts/run-node.ts";
import { childrenOf } from "../cpu-time.ts";
import { freePorts } from "./free-ports.ts";
import type { Proxy } from "./proxy.ts";
import { isTls, KEY, ROUTES, type Route } from "./target.ts";

const root = join(import.meta.dirname, "../..");

export interface LMGateOptions {
  readonly name: string;
  readonly title: string;
  readonly workers: number;
  readonly certificateAuthority: string;
  /** The entry, in place of the compiled one. */
  readonly main?: string;
  readonly nodeFlags?: readonly string[];
}

/** LMGate with its defaults. */
export function lmgate(options: LMGateOptions): Proxy {
  const { name, title, workers, certificateAuthority, nodeFlags = [] } = options;
  return {
    name,
    title,
    missing: () => undefined,
    version: () => (workers === 1 ? manifest.version : ""),
    async start({ children, directory, upstreams }) {
      const [port = 0] = await freePorts(1);
      const main = options.main ?? join(process.env["LMGATE_BENCH_DIST"] ?? join(root, "dist"), "src/cli/main.js");
      mkdirSync(join(directory, "data"), { recursive: true });
      writeFileSync(join(directory, "data/allowlist.csv"), `id,api_key,owner,added\n1,${KEY},bench,2026-01-01\n`);
      const providers = ROUTES.map(
        (route) => `  ${route}: { upstream: "${isTls(route) ? "https" : "http"}://127.0.0.1:${upstreams[route]}/" }`,
      );
      writeFileSync(
        join(directory, "lmgate.yaml"),
        `server: { host: 127.0.0.1, port: ${port}, workers: ${workers} }
admin: { host: 127.0.0.1, port: 0 }
stats: { rotate_megabytes: 10000 }
timeouts: { drain_seconds: 1 }
providers:
${providers.join("\n")}
`,
      );
      const child = children.start(process.execPath, [...nodeFlags, main, "start", "--config", "lmgate.yaml"], {
        cwd: directory,
        env: {
          ...process.env,
          ...(certificateAuthority === "" ? {} : { NODE_EXTRA_CA_CERTS: certificateAuthority }),
        },
      });
      return {
        pids: () => [child.pid ?? 0],
        helpers: () => childrenOf(child.pid ?? 0),
        target: (route: Route) => ({ port, prefix: `/${route}`, headers: {} }),
        stop: () => children.stop(child),
      };
    },
  };
}

/** Builds `dist` if it is missing or older than its sources. */
export async function buildIfStale(info: (line: string) => void): Promise<void> {
  const built = join(root, "dist/src/cli/main.js");
  const sources = ["src", "simulator"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((file) => join(root, folder, file)),
  );
  const newest = Math.max(
    ...sources.filter((file) => /(?<!\.test)\.ts$/.test(file)).map((file) => statSync(file).mtimeMs),
  );
  if (existsSync(built) && statSync(built).mtimeMs > newest) return;
  info("building dist");
  const ended = await runNode(["scripts/build.ts"], { cwd: root, show: false, limitMs: 120_000 });
  if (ended.exitCode !== 0) throw new Error(`building dist failed:\n${ended.output}`);
}
