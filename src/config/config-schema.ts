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
    port: setting("port", whole(0, 65_535), 8080, "Port for applications. 0 takes a free port, which the log names."),
    workers: setting("workers", workerCount, "auto", "Number of data workers. `auto` starts one for each processor."),
    max_body_megabytes: setting(
      "maxBodyBytes",
      orNull(size("megabytes"), "for no limit"),
      null,
      "Largest request body. A larger one is rejected with 413.",
    ),
    max_head_kilobytes: setting(
      "maxHeadBytes",
      wholeKilobytes(1, 1024),
      64,
      "Largest head of a request (above it 431) or of a response (502).",
    ),
    max_headers: setting(
      "maxHeaders",
      whole(1, 10_000),
      1000,
      "Most header lines of a request (above it 431) or of a response (502).",
    ),
    max_connections: setting(
      "maxConnections",
      orNull(whole(1, 1_000_000), "for no limit"),
      20_000,
      "Most client connections at a time. Further ones are reset at once.",
    ),
    max_connections_per_address: setting(
      "maxConnectionsPerAddress",
      orNull(whole(1, 1_000_000), "for no limit"),
      null,
      "Most connections of one client address. An IPv6 client counts by its /64 network.",
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
      "How often to check the allow-list for changes, for file systems that send no events. On others a change is seen at once.",
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
      "The [stats file](#the-stats-file). A pipe or device is only appended to.",
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
      "`written` holds back the last bytes of each response until its record is with the operating system, see [durability](durability.md).",
    ),
  },
  pricing: {
    overrides_path: setting(
      "overridesPath",
      orNull(path, "for none"),
      null,
      "File with your own prices, which override the built-in table, see [cost](cost.md#your-own-prices). Read at start.",
    ),
  },
  store: {
    enabled: setting("enabled", trueOrFalse, true, "Whether a running gateway keeps the query store up to date."),
    path: setting("path", path, "data/store", "Folder of the query store. Keep nothing else in it."),
    memory_megabytes: setting(
      "memoryMegabytes",
      whole(128, 1_048_576),
      512,
      "Memory for its database. What does not fit goes to disk.",
    ),
    threads: setting("threads", whole(1, 256), 2, "Threads of its database, at the lowest priority."),
    retention_days: setting(
      "retentionDays",
      orNull(whole(1, 36_500), "to keep everything"),
      null,
      "Delete closed stats files whose last record is older, and their part of the store.",
    ),
    retention_gigabytes: setting(
      "retentionBytes",
      orNull(size("gigabytes"), "to keep everything"),
      null,
      "Delete the oldest closed stats files, and their part of the store, while both together are larger.",
    ),
  },
  logging: {
    level: setting("level", logLevel, "INFO", "Lowest level of what is [logged](#logs), in upper or lower case."),
  },
  timeouts: {
    client_head_seconds: setting(
      "clientHeadMs",
      seconds,
      30,
      "Time to receive a request head, from its first byte; on a new connection, from the connection. Then the connection is closed.",
    ),
    client_idle_seconds: setting(
      "clientIdleMs",
      seconds,
      75,
      "Time that a kept-alive connection waits for its next request. Then it is closed.",
    ),
    client_body_idle_seconds: setting(
      "clientBodyIdleMs",
      seconds,
      60,
      "Time to wait for the next piece of a request body. Then the request ends at both ends, as `client_aborted`.",
    ),
    client_write_stall_seconds: setting(
      "clientWriteStallMs",
      seconds,
      300,
      "Time that the client may leave what was sent to it unread. Then the request ends at both ends, as `client_aborted`.",
    ),
    connect_seconds: setting(
      "connectMs",
      seconds,
      10,
      "Time to connect to the provider: name lookup, TCP and TLS. Then 504, as `upstream_timeout`.",
    ),
    response_head_seconds: setting(
      "responseHeadMs",
      seconds,
      900,
      "Time from the last byte of the request to the end of the response head. Then 504, as `upstream_timeout`.",
    ),
    stream_idle_seconds: setting(
      "streamIdleMs",
      seconds,
      900,
      "Time in which the provider sends no piece of its response or reads none of the request; in a WebSocket, neither. Then the response is visibly cut off, as `upstream_timeout`. A WebSocket that one side had already closed is no error.",
    ),
    upstream_idle_seconds: setting(
      "upstreamIdleMs",
      seconds,
      50,
      "Time that an idle connection to a provider is kept for the next request. A shorter `Keep-Alive: timeout` of the provider wins, less one second.",
    ),
    drain_delay_seconds: setting(
      "drainDelayMs",
      secondsFrom(0),
      0,
      "Time after a signal to stop in which LMGate still accepts connections. Then it stops listening.",
    ),
    drain_seconds: setting(
      "drainMs",
      secondsFrom(0),
      300,
      "Time for running requests to finish after that. Then they are ended, as `shutdown`.",
    ),
  },
  accounting: {
    estimate: setting(
      "estimate",
      oneOf(["off", "heuristic"]),
      "heuristic",
      "Whether requests that end without usage get estimated tokens, in fields of their own.",
    ),
    on_client_abort: setting(
      "onClientAbort",
      oneOf(ON_CLIENT_ABORT),
      "cancel",
      "What happens to a request whose client left. `cancel` ends it, `drain` reads the response to its end for its usage. Can be set for one provider, as `providers.<name>.on_client_abort`.",
    ),
    drain_max_megabytes: setting(
      "drainBytes",
      size("megabytes"),
      64,
      "With `drain`: how much of one response is read.",
    ),
    drain_seconds: setting("drainMs", seconds, 300, "With `drain`: how long one response is read."),
    drain_concurrent: setting(
      "drainConcurrent",
      whole(1, 100_000),
      100,
      "With `drain`: how many such responses each data worker reads at a time.",
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
