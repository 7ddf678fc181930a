/** The effective configuration: checked, complete and frozen. All durations in milliseconds, all sizes in bytes. */
export interface Settings {
  readonly server: ServerSettings;
  readonly admin: AdminSettings;
  readonly auth: AuthSettings;
  readonly stats: StatsSettings;
  readonly pricing: PricingSettings;
  readonly store: StoreSettings;
  readonly logging: { readonly level: LogLevel };
  readonly timeouts: Timeouts;
  readonly accounting: AccountingSettings;
  readonly providers: readonly Provider[];
}

export type LogLevel = "debug" | "info" | "warn" | "error";

export interface ServerSettings {
  readonly host: string;
  readonly port: number;
  /** Number of data threads; `auto` is the available parallelism. */
  readonly workers: number | "auto";
  readonly maxBodyBytes: number | undefined;
  readonly maxHeadBytes: number;
  readonly maxHeaders: number;
  /** Clients' connections, of all data threads together; `undefined`: no limit but that of the system. */
  readonly maxConnections: number | undefined;
  readonly maxConnectionsPerAddress: number | undefined;
}

export interface AdminSettings {
  readonly host: string;
  readonly port: number;
  readonly tokenPath: string;
}

export interface AuthSettings {
  readonly allowlistPath: string;
  readonly pollIntervalMs: number;
  readonly allowPreflight: boolean;
}

export interface StatsSettings {
  readonly outputPath: string;
  readonly flushIntervalMs: number;
  readonly rotateBytes: number;
  /** Permission bits, e.g. 0o640. */
  readonly fileMode: number;
  readonly durability: Durability;
}

/** What an answer waits for: nothing, or its record being with the operating system. */
export type Durability = "relaxed" | "written";

export interface PricingSettings {
  /** The operator's own prices; `undefined`: the price table alone. */
  readonly overridesPath: string | undefined;
}

/** What is kept of the ledger in a form that questions are answered from. */
export interface StoreSettings {
  /** Whether the gateway keeps it up to date, in a process of its own. */
  readonly enabled: boolean;
  readonly path: string;
  readonly memoryMegabytes: number;
  readonly threads: number;
  /** Closed segments older than this are deleted; `undefined`: never. */
  readonly retentionDays: number | undefined;
  /** Closed segments are deleted, the oldest first, while ledger and store are larger; `undefined`: never. */
  readonly retentionBytes: number | undefined;
}

export interface Timeouts {
  readonly clientHeadMs: number;
  readonly clientIdleMs: number;
  readonly clientBodyIdleMs: number;
  readonly clientWriteStallMs: number;
  readonly connectMs: number;
  readonly responseHeadMs: number;
  readonly streamIdleMs: number;
  readonly upstreamIdleMs: number;
  readonly drainDelayMs: number;
  readonly drainMs: number;
}

/** What is done to learn what a call used. */
export interface AccountingSettings {
  /** Whether calls that ended without usage get estimates beside their counters. */
  readonly estimate: "off" | "heuristic";
  /** Bounds of the calls that are read to their end behind a client that left; `drainConcurrent` is per data thread. */
  readonly drainBytes: number;
  readonly drainMs: number;
  readonly drainConcurrent: number;
}

/** A client that leaves ends its call, as on a direct connection, or the answer is read to its end for its usage. */
export type OnClientAbort = "cancel" | "drain";

/** One provider that this gateway forwards to. */
export interface Provider {
  /** Also the path prefix: `openai` serves `/openai/…`. */
  readonly name: string;
  readonly upstream: Upstream;
  /** Reasoning tokens are reported beside the output counter (the gap rule may fill them in). */
  readonly exclusiveReasoning: boolean;
  readonly onClientAbort: OnClientAbort;
}

export interface Upstream {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  /** Put before the left path; no trailing slash; empty for none. */
  readonly pathPrefix: string;
  /** Value of the `Host` header: with the port where it is not the scheme's own. */
  readonly authority: string;
}
