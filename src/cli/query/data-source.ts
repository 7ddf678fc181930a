import { Option, type Command } from "commander";
import type { Settings } from "../../core/settings.ts";
import { openOffline } from "../../store/service/open-store.ts";
import { formatFilter } from "../../store/query/filter-text.ts";
import { formatQuestion } from "../../store/query/query-text.ts";
import { QueryError } from "../../store/query/query-error.ts";
import type { Answer, Query } from "../../store/query/query.ts";
import type {
  RequestListPage,
  RequestListQuery,
  ExportWanted,
  KeyActivity,
  StoreReader,
} from "../../store/service/reader.ts";
import { StoreBusy } from "../../store/files/store-lock.ts";
import { ApiRejection, askApiBytes, askApiJson, Unreachable, type ApiAddress } from "./api-client.ts";
import { optionOf } from "./query-options.ts";
import { namedGateway, NoAddress, runningGateway } from "./gateway-address.ts";
import { ProgressBar } from "../output/progress-bar.ts";
import { settingsFor } from "../load-settings.ts";
import { addConfigOption, type SettingsOptions } from "../settings-options.ts";
import { EXIT, say, type ExitCode, type Terminal } from "../terminal.ts";

/** What commands ask of calls that were written down, wherever the answer comes from. */
export type Source = Pick<StoreReader, "ask" | "listRequests" | "keyActivity" | "export">;

/** Work that is over sooner needs no progress bar. */
const UNHURRIED_MS = 500;

export interface SourceOptions extends SettingsOptions {
  readonly server?: string;
  readonly offline?: boolean;
  readonly verbose?: boolean;
}

/** For what only a gateway can do. */
export function addServerOptions(command: Command): Command {
  return addConfigOption(command).addOption(
    new Option("--server <url>", "ask this gateway's admin listener (default: $LMGATE_URL; its token: $LMGATE_TOKEN)"),
  );
}

export function addSourceOptions(command: Command): Command {
  return addServerOptions(command)
    .addOption(new Option("--offline", "read the files, even if a gateway is running").conflicts("server"))
    .option("--verbose", "say where the answer comes from");
}

/** Runs `work` with the gateway that is running, or else with the files; the exit code. */
export async function withSource(
  terminal: Terminal,
  options: SourceOptions,
  work: (source: Source) => Promise<number>,
): Promise<number> {
  const told = (text: string): void => {
    if (options.verbose === true) say(terminal, `asking ${text}`);
  };
  try {
    const named = options.offline === true ? undefined : namedGateway(terminal, options);
    if (named !== undefined) {
      told(named.url);
      return await work(gatewaySource(named));
    }
    const loaded = settingsFor(terminal, options);
    if (typeof loaded === "number") return loaded;
    const running = options.offline === true ? undefined : await runningGateway(loaded.settings, terminal.env);
    if (running !== undefined) {
      told(`the running gateway at ${running.url}`);
      return await work(gatewaySource(running));
    }
    told(`the files: ${loaded.settings.stats.outputPath}`);
    return await offline(terminal, loaded.settings, work);
  } catch (error) {
    return complaint(terminal, error);
  }
}

/** The gateway that is asked: the one that is named, or the one of the configuration if it is running. */
export async function serverOf(terminal: Terminal, options: SourceOptions): Promise<ApiAddress | undefined> {
  if (options.offline === true) return undefined;
  const named = namedGateway(terminal, options);
  if (named !== undefined) return named;
  const loaded = settingsFor(terminal, options);
  return typeof loaded === "number" ? undefined : await runningGateway(loaded.settings, terminal.env);
}

/** What an answer that is an error means to whoever looks at the exit code. */
const EXIT_OF_STATUS: Readonly<Record<number, ExitCode>> = {
  400: EXIT.usage,
  401: EXIT.refused,
  403: EXIT.refused,
  404: EXIT.notFound,
  409: EXIT.exists,
  422: EXIT.usage,
  429: EXIT.tryAgain,
  503: EXIT.tryAgain,
};

/** What went wrong, said; the exit code that goes with it. */
export function complaint(terminal: Terminal, error: unknown): number {
  if (error instanceof Unreachable) {
    say(terminal, `no gateway answers at ${error.message}`);
    return EXIT.unreachable;
  }
  if (error instanceof ApiRejection) {
    say(terminal, error.message);
    return EXIT_OF_STATUS[error.status] ?? EXIT.failure;
  }
  if (error instanceof NoAddress) {
    say(terminal, error.message);
    return EXIT.usage;
  }
  if (error instanceof QueryError) {
    say(terminal, `${optionOf(error.where)}: ${error.message}`);
    return EXIT.usage;
  }
  if (error instanceof StoreBusy) {
    say(terminal, `${error.message}; try again in a while`);
    return EXIT.tryAgain;
  }
  throw error;
}

async function offline(
  terminal: Terminal,
  settings: Settings,
  work: (source: Source) => Promise<number>,
): Promise<number> {
  let bar: ProgressBar | undefined;
  let before = 0;
  const began = performance.now();
  const onProgress = (done: number, total: number): void => {
    if (performance.now() - began < UNHURRIED_MS) return;
    bar ??= new ProgressBar(terminal, total);
    bar.add(done - before);
    before = done;
  };
  const opened = await openOffline({ settings, now: Date.now, onProgress });
  bar?.clear();
  try {
    return await work(opened.reader);
  } finally {
    await opened.close();
  }
}

export function gatewaySource(address: ApiAddress): Source {
  return new ApiSource(address);
}

/** Of a row of `GET /keys`, what is asked for here. */
type KeyUseRow = Omit<KeyActivity, "key" | "lastUsed"> & { readonly id: string; readonly lastUsed: string | null };

class ApiSource implements Source {
  readonly #address: ApiAddress;

  constructor(address: ApiAddress) {
    this.#address = address;
  }

  // as: the answers are those of the API's own contract.
  async ask(question: Query): Promise<Answer> {
    return (await askApiJson(this.#address, `/api/v1/usage?${formatQuestion(question).toString()}`)) as Answer;
  }

  async listRequests({ from, to, tz, filters, limit, cursor }: RequestListQuery): Promise<RequestListPage> {
    const query = new URLSearchParams({ from, to, tz, limit: String(limit) });
    for (const filter of filters) query.append("filter", formatFilter(filter));
    if (cursor !== undefined) query.set("cursor", cursor);
    return (await askApiJson(this.#address, `/api/v1/requests?${query.toString()}`)) as RequestListPage;
  }

  async keyActivity(): Promise<readonly KeyActivity[]> {
    const rows = (await askApiJson(this.#address, "/api/v1/keys")) as readonly KeyUseRow[];
    return rows.flatMap(({ id, lastUsed, ...use }) => (lastUsed === null ? [] : [{ ...use, key: id, lastUsed }]));
  }

  export({ format, what, question, byteOrderMark }: ExportWanted): AsyncIterable<Uint8Array> {
    const query = formatQuestion(question);
    query.set("what", what);
    if (byteOrderMark === true) query.set("bom", "1");
    return askApiBytes(this.#address, `/api/v1/export.${format}?${query.toString()}`);
  }
}
