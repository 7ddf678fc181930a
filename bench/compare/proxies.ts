/** The compared proxies, in the order of the tables. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { childrenOf } from "../cpu-time.ts";
import { startNginx } from "../nginx.ts";
import { litellm } from "./litellm.ts";
import { lmgate } from "./lmgate.ts";
import { freePorts } from "./free-ports.ts";
import { missingPortkey, PORTKEY_SERVER, portkeyVersion, versionOf } from "./peers.ts";
import type { Proxy, RunningProxy, StartContext } from "./proxy.ts";
import { firstMatch, missingTool } from "./tools.ts";
import { isTls, ROUTES, type Route, type Target } from "./target.ts";

const root = join(import.meta.dirname, "../..");
const CERTIFICATE_AUTHORITY = join(root, "test/fixtures/tls/ca.pem");

export const NO_PROXY = "direct";
export const RAW_RELAY = "raw-relay";
export const NGINX = "nginx";
export const LMGATE = "lmgate";
export const LMGATE_TWO = "lmgate-2";

const direct: Proxy = {
  name: NO_PROXY,
  title: "no proxy",
  missing: () => undefined,
  version: () => "",
  start: ({ upstreams }) =>
    Promise.resolve({
      pids: () => [],
      target: (route) => (isTls(route) ? undefined : plainTarget(upstreams[route])),
      stop: () => Promise.resolve(),
    }),
};

const nginx: Proxy = {
  name: NGINX,
  title: "nginx",
  missing: () => missingTool("nginx"),
  version: () => firstMatch("nginx", ["-v"], /nginx\/([\d.]+)/),
  async start({ children, directory, upstreams }) {
    const [port = 0] = await freePorts(1);
    const started = await startNginx(directory, port, nginxConfiguration(port, upstreams), (child) => {
      children.adopt(child);
    });
    const { pid } = started;
    return { pids: () => [pid, ...childrenOf(pid)], target: prefixed(port), stop: () => started.stop() };
  },
};

/** nginx's defaults for small responses; no buffering for streams and large bodies. */
function nginxConfiguration(port: number, upstreams: StartContext["upstreams"]): string {
  const pools = ROUTES.map(
    (route) =>
      `upstream ${route} { server 127.0.0.1:${upstreams[route]}; keepalive 256; keepalive_requests 100000000; }`,
  );
  const locations = ROUTES.map((route) => {
    const streams = route.endsWith("streams") ? "proxy_buffering off; proxy_request_buffering off;" : "";
    const tls = isTls(route)
      ? `proxy_ssl_trusted_certificate ${CERTIFICATE_AUTHORITY}; proxy_ssl_verify on; proxy_ssl_name localhost; proxy_ssl_server_name on;`
      : "";
    return `location /${route}/ { proxy_pass ${isTls(route) ? "https" : "http"}://${route}/; proxy_http_version 1.1;
      proxy_set_header Connection ""; proxy_set_header Accept-Encoding $http_accept_encoding; ${streams} ${tls} }`;
  });
  return `client_max_body_size 0; ${pools.join("\n")}
    server { listen 127.0.0.1:${port} backlog=4096; ${locations.join("\n")} }`;
}

const haproxy: Proxy = {
  name: "haproxy",
  title: "HAProxy",
  missing: () => missingTool("haproxy"),
  version: () => firstMatch("haproxy", ["-v"], /version ([\d.]+)/),
  async start({ children, directory, upstreams }) {
    const [port = 0] = await freePorts(1);
    mkdirSync(directory, { recursive: true });
    const file = join(directory, "haproxy.cfg");
    writeFileSync(file, haproxyConfiguration(port, upstreams));
    const child = children.start("haproxy", ["-db", "-q", "-f", file]);
    return running(child.pid, prefixed(port), () => children.stop(child));
  },
};

function haproxyConfiguration(port: number, upstreams: StartContext["upstreams"]): string {
  const backends = ROUTES.map((route) => {
    const tls = isTls(route)
      ? ` ssl verify required ca-file ${CERTIFICATE_AUTHORITY} sni str(localhost) verifyhost localhost`
      : "";
    return `backend ${route}
  http-request replace-path /${route}/(.*) /\\1
  server up 127.0.0.1:${upstreams[route]} pool-max-conn 4096 maxconn 8192${tls}`;
  });
  return `global
  nbthread 1
  maxconn 9000
defaults
  mode http
  option http-no-delay
  http-reuse always
  timeout connect 10s
  timeout client 900s
  timeout server 900s
frontend clients
  bind 127.0.0.1:${port} backlog 4096
${ROUTES.map((route) => `  use_backend ${route} if { path_beg /${route}/ }`).join("\n")}
${backends.join("\n")}
`;
}

const rawRelay: Proxy = {
  name: RAW_RELAY,
  title: "raw relay",
  missing: () => undefined,
  version: () => "",
  async start({ children, upstreams }) {
    // A relay has one upstream, so there is a process for each; a workload uses only one of them.
    const plain = ROUTES.filter((route) => !isTls(route));
    const ports = await freePorts(plain.length);
    const file = join(root, "bench/raw-relay.ts");
    const relays = plain.map((route, index) =>
      children.start(process.execPath, [file, String(ports[index]), `127.0.0.1:${upstreams[route]}`]),
    );
    const target = (route: Route): Target | undefined => {
      const index = plain.indexOf(route);
      return index === -1 ? undefined : plainTarget(ports[index] ?? 0);
    };
    return {
      pids: (route) => [relays[plain.indexOf(route)]?.pid ?? 0],
      target,
      stop: async () => void (await Promise.all(relays.map((relay) => children.stop(relay)))),
    };
  },
};

const naive: Proxy = {
  name: "naive",
  title: "node:http + undici",
  missing: () => undefined,
  version: () => versionOf(join(root, "node_modules/undici")),
  async start({ children, upstreams }) {
    const [port = 0] = await freePorts(1);
    const routes = ROUTES.map((route) => `${route}=${originOf(route, upstreams)}`);
    const child = children.start(process.execPath, [join(root, "bench/naive-proxy.ts"), String(port), ...routes], {
      env: { ...process.env, NODE_EXTRA_CA_CERTS: CERTIFICATE_AUTHORITY },
    });
    return running(child.pid, prefixed(port), () => children.stop(child));
  },
};

const portkey: Proxy = {
  name: "portkey",
  title: "Portkey",
  missing: missingPortkey,
  version: portkeyVersion,
  async start({ children, upstreams }) {
    const [port = 0] = await freePorts(1);
    const child = children.start(process.execPath, [PORTKEY_SERVER, `--port=${port}`, "--headless"], {
      env: { ...process.env, NODE_ENV: "production", NODE_EXTRA_CA_CERTS: CERTIFICATE_AUTHORITY },
    });
    const target = (route: Route): Target => ({
      port,
      prefix: "",
      headers: { "x-portkey-provider": "openai", "x-portkey-custom-host": `${originOf(route, upstreams)}/v1` },
    });
    return running(child.pid, target, () => children.stop(child));
  },
};

export const PROXIES: readonly Proxy[] = [
  direct,
  rawRelay,
  nginx,
  haproxy,
  lmgate({ name: LMGATE, title: "LMGate", workers: 1, certificateAuthority: CERTIFICATE_AUTHORITY }),
  lmgate({
    name: LMGATE_TWO,
    title: "LMGate, two data workers",
    workers: 2,
    certificateAuthority: CERTIFICATE_AUTHORITY,
  }),
  naive,
  portkey,
  litellm,
];

function running(pid: number | undefined, target: RunningProxy["target"], stop: () => Promise<void>): RunningProxy {
  return { pids: () => [pid ?? 0], target, stop };
}

function plainTarget(port: number): Target {
  return { port, prefix: "", headers: {} };
}

function prefixed(port: number): (route: Route) => Target {
  return (route) => ({ port, prefix: `/${route}`, headers: {} });
}

function originOf(route: Route, upstreams: StartContext["upstreams"]): string {
  return `${isTls(route) ? "https" : "http"}://127.0.0.1:${upstreams[route]}`;
}
