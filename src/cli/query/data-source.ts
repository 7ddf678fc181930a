import { Option, type Command } from "commander";
import type { Settings } from "../../config/settings.ts";
import { openOffline } from "../../store/service/open-store.ts";
import { formatFilter } from "../../store/filter/filter-text.ts";
import { formatQuery } from "../../store/query/query-text.ts";
import { QueryError } from "../../store/schema/query-error.ts";
import type { QueryResponse, Query } from "../../store/schema/query.ts";
import type {
  RequestListPage,
  RequestListQuery,
  ExportRequest,
  KeyActivity,
  StoreReader,
} from "../../store/schema/reader.ts";
import { StoreBusy } from "../../store/files/store-lock.ts";
import { ApiError, requestApiBytes, requestApiJson, GatewayUnreachable, type ApiAddress } from "./api-client.ts";
import { optionName } from "./query-options.ts";
import { gatewayFromOptions, InvalidGatewayUrl, findRunningGateway } from "./gateway-address.ts";
import { ProgressBar } from "../output/progress-bar.ts";
import { loadCommandSettings } from "../context/load-settings.ts";
import { addConfigOption, type SettingsOptions } from "../context/settings-options.ts";
import { EXIT, info, type ExitCode, type Terminal } from "../context/terminal.ts";

/** Runs queries over the records, on a running gateway or on the files. */
export type DataSource = Pick<StoreReader, "query" | "listRequests" | "keyActivity" | "export">;

export interface DataSourceOptions extends SettingsOptions {
  readonly server?: string;
  readonly offline?: boolean;
  readonly verbose?: boolean;
}

/** Options of commands that need a running gateway. */
export function addServerOptions(command: Command): Command {
  return addConfigOption(command).addOption(
    new Option("--server <url>", "use this gateway's admin listener (default: $LMGATE_URL; token: $LMGATE_TOKEN)"),
  );
}

export function addDataSourceOptions(command: Command): Command {
  return addServerOptions(command)
    .addOption(new Option("--offline", "read the stats files, even if a gateway is running").conflicts("server"))
    .option("--verbose", "print where the data comes from");
}

/** Runs `work` with the running gateway, or with the files if none is running; resolves to the exit code. */
export async function withDataSource(
  terminal: Terminal,
  options: DataSourceOptions,
  work: (source: DataSource) => Promise<number>,
): Promise<number> {
  const reportSource = (text: string): void => {
    if (options.verbose === true) info(terminal, `source: ${text}`);
  };
  try {
    const named = options.offline === true ? undefined : gatewayFromOptions(terminal, options);
    if (named !== undefined) {
      reportSource(named.url);
      return await work(gatewayDataSource(named));
    }
    const loaded = loadCommandSettings(terminal, options);
    if (typeof loaded === "number") return loaded;
    const running = options.offline === true ? undefined : await findRunningGateway(loaded.settings, terminal.env);
    if (running !== undefined) {
      reportSource(`the running gateway at ${running.url}`);
      return await work(gatewayDataSource(running));
    }
    reportSource(`the stats files at ${loaded.settings.stats.outputPath}`);
    return await runOffline(terminal, loaded.settings, work);
  } catch (error) {
    return reportError(terminal, error);
  }
}

/** The gateway of `--server` or `LMGATE_URL`, or else the running one of the configuration. */
export async function findGateway(terminal: Terminal, options: DataSourceOptions): Promise<ApiAddress | undefined> {
  if (options.offline === true) return undefined;
  const named = gatewayFromOptions(terminal, options);
  if (named !== undefined) return named;
  const loaded = loadCommandSettings(terminal, options);
  return typeof loaded === "number" ? undefined : await findRunningGateway(loaded.settings, terminal.env);
}

/** The exit code for each error status of the admin API. */
const EXIT_CODES: Readonly<Record<number, ExitCode>> = {
  400: EXIT.usage,
  401: EXIT.unauthorized,
  403: EXIT.unauthorized,
  404: EXIT.notFound,
  409: EXIT.exists,
  422: EXIT.usage,
  429: EXIT.tryAgain,
  503: EXIT.tryAgain,
};

/** Prints an expected error and returns its exit code; rethrows any other. */
export function reportError(terminal: Terminal, error: unknown): number {
  if (error instanceof GatewayUnreachable) {
    info(terminal, `cannot reach the gateway at ${error.message}`);
    return EXIT.unreachable;
  }
  if (error instanceof ApiError) {
    info(terminal, error.message);
    return EXIT_CODES[error.status] ?? EXIT.failure;
  }
  if (error instanceof InvalidGatewayUrl) {
    info(terminal, error.message);
    return EXIT.usage;
  }
  if (error instanceof QueryError) {
    info(terminal, `${optionName(error.where)}: ${error.message}`);
    return EXIT.usage;
  }
  if (error instanceof StoreBusy) {
    info(terminal, `${error.message}; try again later`);
    return EXIT.tryAgain;
  }
  throw error;
}

async function runOffline(
  terminal: Terminal,
  settings: Settings,
  work: (source: DataSource) => Promise<number>,
): Promise<number> {
  const bar = new ProgressBar(terminal);
  const onProgress = (done: number, total: number): void => bar.update(done, total);
  const opened = await openOffline({ settings, now: Date.now, onProgress });
  bar.clear();
  try {
    return await work(opened.reader);
  } finally {
    await opened.close();
  }
}

export function gatewayDataSource(address: ApiAddress): DataSource {
  return new GatewayDataSource(address);
}

/** The fields of a row of `GET /api/v1/keys` that are used here. */
type KeyUseRow = Omit<KeyActivity, "key" | "lastUsed"> & { readonly id: string; readonly lastUsed: string | null };

class GatewayDataSource implements DataSource {
  readonly #address: ApiAddress;

  constructor(address: ApiAddress) {
    this.#address = address;
  }

  // as: the gateway's responses follow the API contract.
  async query(query: Query): Promise<QueryResponse> {
    return (await requestApiJson(this.#address, `/api/v1/usage?${formatQuery(query).toString()}`)) as QueryResponse;
  }

  async listRequests({ from, to, tz, filters, limit, cursor }: RequestListQuery): Promise<RequestListPage> {
    const query = new URLSearchParams({ from, to, tz, limit: String(limit) });
    for (const filter of filters) query.append("filter", formatFilter(filter));
    if (cursor !== undefined) query.set("cursor", cursor);
    return (await requestApiJson(this.#address, `/api/v1/requests?${query.toString()}`)) as RequestListPage;
  }

  async keyActivity(): Promise<readonly KeyActivity[]> {
    const rows = (await requestApiJson(this.#address, "/api/v1/keys")) as readonly KeyUseRow[];
    return rows.flatMap(({ id, lastUsed, ...use }) => (lastUsed === null ? [] : [{ ...use, key: id, lastUsed }]));
  }

  export({ format, what, query: exported, byteOrderMark }: ExportRequest): AsyncIterable<Uint8Array> {
    const query = formatQuery(exported);
    query.set("what", what);
    if (byteOrderMark === true) query.set("bom", "1");
    return requestApiBytes(this.#address, `/api/v1/export.${format}?${query.toString()}`);
  }
}
