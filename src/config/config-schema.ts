// Every setting outside `providers` as one row: its name in the code, its form and unit, its default, and the description
// that the user guide and config/lmgate.yaml show (`npm run config-docs`). The type `Settings` derives from these rows.
import type { z } from "zod";
import type { OnClientAbort } from "../core/provider.ts";
import {
  fileMode,
  host,
  logLevel,
  oneOf,
  orNull,
  path,
  seconds,
  secondsFrom,
  size,
  trueOrFalse,
  whole,
  wholeKilobytes,
  workerCount,
  type SettingForm,
} from "./setting-form.ts";

/** One setting. `Written` is its value in the file, `Value` its value in the code. */
export interface SettingRow<Name extends string, Written, Value> extends SettingForm<Written, Value> {
  /** The property of `Settings`. */
  readonly name: Name;
  /** As the file would write it. */
  readonly initial: Written;
  /** Markdown. */
  readonly description: string;
}

export const ON_CLIENT_ABORT: readonly OnClientAbort[] = ["cancel", "drain"];

export const SETTINGS = {
  server: {
    host: setting("host", host, "0.0.0.0", "Address on which applications connect."),
    port: setting(
      "port",
      whole(0, 65_535),
      8080,
      "Port for applications. With 0, LMGate uses any free port and logs it.",
    ),
    workers: setting("workers", workerCount, "auto", "Number of data workers. `auto` starts one for each processor."),
    max_body_megabytes: setting(
      "maxBodyBytes",
      orNull(size("megabytes"), "for no limit"),
      null,
      "Maximum size of a request body. A larger one is rejected with 413.",
    ),
    max_head_kilobytes: setting(
      "maxHeadBytes",
      wholeKilobytes(1, 1024),
      64,
      "Maximum size of a head. A larger request head gets 431, a larger response head 502.",
    ),
    max_headers: setting(
      "maxHeaders",
      whole(1, 10_000),
      1000,
      "Maximum number of header lines. A request with more gets 431, a response with more 502.",
    ),
    max_connections: setting(
      "maxConnections",
      orNull(whole(1, 1_000_000), "for no limit"),
      20_000,
      "Maximum number of client connections at a time. Further ones are reset at once.",
    ),
    max_connections_per_address: setting(
      "maxConnectionsPerAddress",
      orNull(whole(1, 1_000_000), "for no limit"),
      null,
      "Maximum number of connections from one client address. IPv6 addresses in one /64 network count as one.",
    ),
  },
  admin: {
    host: setting("host", host, "127.0.0.1", "Address of the [admin listener](#the-admin-listener)."),
    port: setting(
      "port",
      whole(0, 65_535),
      8081,
      "Port of the admin listener. Must differ from `server.port` on the same address.",
    ),
    token_path: setting(
      "tokenPath",
      path,
      "data/admin-token",
      "File with the [admin token](#token). If it is missing, the first start creates it.",
    ),
  },
  auth: {
    allowlist_path: setting(
      "allowlistPath",
      path,
      "data/allowlist.csv",
      "File with the [allow-list](#the-allow-list).",
    ),
    poll_interval_seconds: setting(
      "pollIntervalMs",
      seconds,
      30,
      "How often LMGate checks the allow-list for changes that the file system did not report. It sees reported changes at once.",
    ),
    allow_preflight: setting(
      "allowPreflight",
      trueOrFalse,
      false,
      "Forward the [preflights](#browsers) of browsers (`OPTIONS`) without a key.",
    ),
  },
  stats: {
    output_path: setting(
      "outputPath",
      path,
      "data/stats.jsonl",
      "The [stats file](#the-stats-file). It can also be a pipe or a device, to which LMGate only appends.",
    ),
    flush_interval_seconds: setting(
      "flushIntervalMs",
      seconds,
      10,
      "How often the stats file is forced to disk. A power cut can lose the records of one interval.",
    ),
    rotate_megabytes: setting(
      "rotateBytes",
      size("megabytes"),
      100,
      "Size at which the stats file is closed and a new one started.",
    ),
    file_mode: setting("fileMode", fileMode, "0640", "Mode of new stats files. An existing file keeps its own."),
    durability: setting(
      "durability",
      oneOf(["relaxed", "written"]),
      "relaxed",
      "With `written`, LMGate holds back the last bytes of each response until the operating system has its record: see [durability](durability.md). With `relaxed`, it does not wait.",
    ),
  },
  pricing: {
    overrides_path: setting(
      "overridesPath",
      orNull(path, "for none"),
      null,
      "File with your own prices, which override the built-in table: see [cost](cost.md#your-own-prices). Read at start.",
    ),
  },
  store: {
    enabled: setting("enabled", trueOrFalse, true, "Whether a running gateway keeps the query store up to date."),
    path: setting(
      "path",
      orNull(path, "for `store` beside the stats file"),
      null,
      "Folder of the query store. It belongs to one stats file; keep nothing else in it.",
    ),
    memory_megabytes: setting(
      "memoryMegabytes",
      whole(128, 1_048_576),
      512,
      "Memory for the store's database. Data that does not fit goes to disk.",
    ),
    threads: setting(
      "threads",
      whole(1, 256),
      2,
      "Number of threads of the store's database. They run at the lowest priority.",
    ),
    retention_days: setting(
      "retentionDays",
      orNull(whole(1, 36_500), "to keep everything"),
      null,
      "Delete closed stats files whose last record is older than this many days, and their records in the store.",
    ),
    retention_gigabytes: setting(
      "retentionBytes",
      orNull(size("gigabytes"), "to keep everything"),
      null,
      "Delete the oldest closed stats files, and their records in the store, while all stats files and the store together are larger than this.",
    ),
  },
  logging: {
    level: setting(
      "level",
      logLevel,
      "INFO",
      "Lowest level that is [logged](#logs). Upper and lower case are equivalent.",
    ),
  },
  timeouts: {
    client_head_seconds: setting(
      "clientHeadMs",
      seconds,
      30,
      "Maximum time to receive a request head. It begins with the first byte of the head or, on a new connection, when the connection opens. After that, LMGate closes the connection.",
    ),
    client_idle_seconds: setting(
      "clientIdleMs",
      seconds,
      75,
      "Maximum time that a kept-alive connection waits for its next request. After that, LMGate closes it.",
    ),
    client_body_idle_seconds: setting(
      "clientBodyIdleMs",
      seconds,
      60,
      "Maximum time to wait for the next piece of a request body. After that, LMGate ends the request on both sides and records `client_aborted`.",
    ),
    client_write_stall_seconds: setting(
      "clientWriteStallMs",
      seconds,
      300,
      "Maximum time that a client may leave the data that LMGate sent unread. After that, LMGate ends the request on both sides and records `client_aborted`.",
    ),
    connect_seconds: setting(
      "connectMs",
      seconds,
      10,
      "Maximum time to connect to the provider: name lookup, TCP and TLS. After that, LMGate returns 504 and records `upstream_timeout`.",
    ),
    response_head_seconds: setting(
      "responseHeadMs",
      seconds,
      900,
      "Maximum time from the last byte of the request to the end of the response head. After that, LMGate returns 504 and records `upstream_timeout`.",
    ),
    stream_idle_seconds: setting(
      "streamIdleMs",
      seconds,
      900,
      "Maximum time to wait for the next piece of the response, or for the provider to read more of the request. On a WebSocket: maximum time without a byte in either direction. After that, LMGate visibly aborts the response and records `upstream_timeout`. If one side had already closed the WebSocket, no error is recorded.",
    ),
    upstream_idle_seconds: setting(
      "upstreamIdleMs",
      seconds,
      50,
      "Maximum time that LMGate keeps an idle connection to a provider for the next request. If the provider announces a shorter `Keep-Alive: timeout`, LMGate uses that time, less one second.",
    ),
    upstream_max_age_seconds: setting(
      "upstreamMaxAgeMs",
      secondsFrom(0),
      300,
      "Maximum age of a connection to a provider. An older one is not used for another request, so that requests follow a name whose address has changed. LMGate takes up to a tenth off at random, so that connections that were opened together are not closed together. `0`: no limit.",
    ),
    drain_delay_seconds: setting(
      "drainDelayMs",
      secondsFrom(0),
      0,
      "Time for which LMGate still accepts connections after a signal to stop. After that, it stops listening.",
    ),
    drain_seconds: setting(
      "drainMs",
      secondsFrom(0),
      300,
      "Maximum time for running requests to finish after LMGate has stopped listening. After that, LMGate ends them and records `shutdown`.",
    ),
  },
  accounting: {
    estimate: setting(
      "estimate",
      oneOf(["off", "heuristic"]),
      "heuristic",
      "Whether LMGate estimates the tokens of requests that end without usage. Estimates are in separate fields.",
    ),
    on_client_abort: setting(
      "onClientAbort",
      oneOf(ON_CLIENT_ABORT),
      "cancel",
      "What happens when a client leaves before its response is complete. `cancel` ends the request. `drain` reads the response to its end to get its usage. To set it for one provider, use `providers.<name>.on_client_abort`.",
    ),
    drain_max_megabytes: setting(
      "drainBytes",
      size("megabytes"),
      64,
      "With `drain`: the most that LMGate reads of one response.",
    ),
    drain_seconds: setting("drainMs", seconds, 300, "With `drain`: the longest time that LMGate reads one response."),
    drain_concurrent: setting(
      "drainConcurrent",
      whole(1, 100_000),
      100,
      "With `drain`: the most such responses that each data worker reads at a time.",
    ),
  },
};

/** A row whose types are not known to the caller; its schema accepts only what its `toValue` takes. */
export interface AnySettingRow extends SettingRow<string, unknown, unknown> {
  readonly schema: z.ZodType;
}

type Rows = typeof SETTINGS;

/** Every section with its values as the file writes them. */
export type Sections = {
  readonly [Section in keyof Rows]: {
    readonly [Key in keyof Rows[Section]]: Rows[Section][Key] extends { readonly initial: infer Written }
      ? Written
      : never;
  };
};

/** Names of the sections, `providers` included. */
export function sectionNames(): readonly string[] {
  return [...Object.keys(SETTINGS), "providers"];
}

/** The rows of a section by key; `undefined` for an unknown section and for `providers`. */
export function rowsOf(section: string): Readonly<Record<string, AnySettingRow>> | undefined {
  // as: a row's `toValue` is only given what its own schema accepted.
  const sections = SETTINGS as unknown as Readonly<Record<string, Readonly<Record<string, AnySettingRow>>>>;
  return Object.hasOwn(sections, section) ? sections[section] : undefined;
}

export function rowOf(section: string, key: string): AnySettingRow | undefined {
  const rows = rowsOf(section);
  return rows !== undefined && Object.hasOwn(rows, key) ? rows[key] : undefined;
}

/** Every setting as `section.key`. */
export function settingKeys(): readonly string[] {
  return Object.keys(SETTINGS).flatMap((section) =>
    Object.keys(rowsOf(section) ?? {}).map((key) => `${section}.${key}`),
  );
}

function setting<Name extends string, Written, Value>(
  name: Name,
  form: SettingForm<Written, Value>,
  initial: NoInfer<Written>,
  description: string,
): SettingRow<Name, Written, Value> {
  return { name, ...form, initial, description };
}
