import type { LogLevel, Provider, Settings } from "../core/settings.ts";
import type { Sections } from "./config-schema.ts";

const KILOBYTE = 1024;
const MEGABYTE = 1024 * 1024;
const GIGABYTE = 1024 * MEGABYTE;

/** From the units people write to the units the program counts in. */
export function toSettings(sections: Sections, providers: readonly Provider[]): Settings {
  const { server, admin, auth, stats, pricing, store, logging, timeouts, accounting } = sections;
  return deepFreeze<Settings>({
    server: {
      host: server.host,
      port: server.port,
      workers: server.workers,
      maxBodyBytes: server.max_body_megabytes === null ? undefined : Math.round(server.max_body_megabytes * MEGABYTE),
      maxHeadBytes: server.max_head_kilobytes * KILOBYTE,
      maxHeaders: server.max_headers,
      maxConnections: server.max_connections ?? undefined,
      maxConnectionsPerAddress: server.max_connections_per_address ?? undefined,
    },
    admin: { host: admin.host, port: admin.port, tokenPath: admin.token_path },
    auth: {
      allowlistPath: auth.allowlist_path,
      pollIntervalMs: milliseconds(auth.poll_interval_seconds),
      allowPreflight: auth.allow_preflight,
    },
    stats: {
      outputPath: stats.output_path,
      flushIntervalMs: milliseconds(stats.flush_interval_seconds),
      rotateBytes: Math.round(stats.rotate_megabytes * MEGABYTE),
      fileMode: Number.parseInt(stats.file_mode, 8),
      durability: stats.durability,
    },
    pricing: { overridesPath: pricing.overrides_path ?? undefined },
    store: {
      enabled: store.enabled,
      path: store.path,
      memoryMegabytes: store.memory_megabytes,
      threads: store.threads,
      retentionDays: store.retention_days ?? undefined,
      retentionBytes: store.retention_gigabytes === null ? undefined : Math.round(store.retention_gigabytes * GIGABYTE),
    },
    logging: { level: logLevel(logging.level) },
    timeouts: {
      clientHeadMs: milliseconds(timeouts.client_head_seconds),
      clientIdleMs: milliseconds(timeouts.client_idle_seconds),
      clientBodyIdleMs: milliseconds(timeouts.client_body_idle_seconds),
      clientWriteStallMs: milliseconds(timeouts.client_write_stall_seconds),
      connectMs: milliseconds(timeouts.connect_seconds),
      responseHeadMs: milliseconds(timeouts.response_head_seconds),
      streamIdleMs: milliseconds(timeouts.stream_idle_seconds),
      upstreamIdleMs: milliseconds(timeouts.upstream_idle_seconds),
      drainDelayMs: milliseconds(timeouts.drain_delay_seconds),
      drainMs: milliseconds(timeouts.drain_seconds),
    },
    accounting: {
      estimate: accounting.estimate,
      drainBytes: Math.round(accounting.drain_max_megabytes * MEGABYTE),
      drainMs: milliseconds(accounting.drain_seconds),
      drainConcurrent: accounting.drain_concurrent,
    },
    providers,
  });
}

function milliseconds(seconds: number): number {
  return Math.round(seconds * 1000);
}

function logLevel(text: string): LogLevel {
  switch (text.toLowerCase()) {
    case "debug":
      return "debug";
    case "warn":
    case "warning":
      return "warn";
    case "error":
      return "error";
    default:
      return "info";
  }
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === "object" && part !== null) deepFreeze(part);
  return Object.freeze(value);
}
