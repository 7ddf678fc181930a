import { Option, type Command } from "commander";
import type { Settings } from "../core/settings.ts";
import { readRegularFileSync } from "../policy/read-file.ts";
import { openOffline } from "../store/offline.ts";
import { formatFilter } from "../store/filter-text.ts";
import { formatQuestion } from "../store/question-text.ts";
import { QuestionFault } from "../store/question-fault.ts";
import type { Answer, Question } from "../store/question.ts";
import type { CallsPage, CallsWanted, ExportWanted, StoreReader } from "../store/reader.ts";
import { StoreBusy } from "../store/store-lock.ts";
import { ApiRefusal, askApi, askApiBytes, askApiJson, Unreachable, type ApiAddress } from "./api-client.ts";
import { ProgressBar } from "./progress-bar.ts";
import { settingsFor } from "./settings-for.ts";
import { addConfigOption, type SettingsOptions } from "./settings-options.ts";
import { EXIT, say, type Terminal } from "./terminal.ts";

/** What commands ask of calls that were written down, wherever the answer comes from. */
export type Source = Pick<StoreReader, "ask" | "listCalls" | "export">;

export interface SourceOptions extends SettingsOptions {
  readonly server?: string;
  readonly offline?: boolean;
  readonly verbose?: boolean;
}

const PROBE_MS = 500;
const MAX_TOKEN_BYTES = 4096;

export function addSourceOptions(command: Command): Command {
  return addConfigOption(command)
    .addOption(
      new Option(
        "--server <url>",
        "ask this gateway's admin listener (default: $LMGATE_URL; its token: $LMGATE_TOKEN)",
      ),
    )
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
    const named = namedServer(terminal, options);
    if (named !== undefined) {
      told(named.url);
      return await work(new ApiSource(named));
    }
    const loaded = settingsFor(terminal, options);
    if (typeof loaded === "number") return loaded;
    const running = options.offline === true ? undefined : await runningGateway(loaded.settings);
    if (running !== undefined) {
      told(`the running gateway at ${running.url}`);
      return await work(new ApiSource(running));
    }
    told(`the files: ${loaded.settings.stats.outputPath}`);
    return await offline(terminal, loaded.settings, work);
  } catch (error) {
    return complaint(terminal, error);
  }
}

/** The gateway that is asked: the one that is named, or the one of the configuration if it is running. */
export async function serverOf(terminal: Terminal, options: SourceOptions): Promise<ApiAddress | undefined> {
  const named = namedServer(terminal, options);
  if (named !== undefined || options.offline === true) return named;
  const loaded = settingsFor(terminal, options);
  return typeof loaded === "number" ? undefined : await runningGateway(loaded.settings);
}

function namedServer(terminal: Terminal, options: SourceOptions): ApiAddress | undefined {
  if (options.offline === true) return undefined;
  const url = options.server ?? (terminal.env["LMGATE_URL"] || undefined);
  if (url === undefined) return undefined;
  return { url, token: terminal.env["LMGATE_TOKEN"] || (ownToken(terminal, options) ?? "") };
}

/** What went wrong, said; the exit code that goes with it. */
export function complaint(terminal: Terminal, error: unknown): number {
  if (error instanceof Unreachable) {
    say(terminal, `no gateway answers at ${error.message}`);
    return EXIT.unreachable;
  }
  if (error instanceof ApiRefusal) {
    say(terminal, error.message);
    if (error.status === 401) return EXIT.refused;
    return error.status === 400 ? EXIT.usage : error.status === 404 ? EXIT.notFound : EXIT.failure;
  }
  if (error instanceof QuestionFault) {
    say(terminal, `${error.where}: ${error.message}`);
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
  const onProgress = (done: number, total: number): void => {
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

/** The gateway of these settings, if it is there and its token can be read. */
export async function runningGateway({ admin }: Pick<Settings, "admin">): Promise<ApiAddress | undefined> {
  const file = readRegularFileSync(admin.tokenPath, MAX_TOKEN_BYTES);
  if (!("bytes" in file)) return undefined;
  const host = admin.host === "0.0.0.0" ? "127.0.0.1" : admin.host === "::" ? "::1" : admin.host;
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${admin.port}`;
  const address = { url, token: file.bytes.toString("utf8").trim() };
  try {
    // More than its health: another program may have the port.
    const answer = await askApi(address, "/api/v1/providers", { signal: AbortSignal.timeout(PROBE_MS) });
    answer.resume();
    return address;
  } catch {
    return undefined;
  }
}

function ownToken(terminal: Terminal, options: SettingsOptions): string | undefined {
  const loaded = settingsFor({ ...terminal, stderr: silent(terminal) }, options);
  if (typeof loaded === "number") return undefined;
  const file = readRegularFileSync(loaded.settings.admin.tokenPath, MAX_TOKEN_BYTES);
  return "bytes" in file ? file.bytes.toString("utf8").trim() : undefined;
}

/** Whether there is a configuration here is of no interest to whoever names a server. */
function silent({ stderr }: Terminal): Terminal["stderr"] {
  return Object.assign(Object.create(stderr) as Terminal["stderr"], { write: () => true });
}

class ApiSource implements Source {
  readonly #address: ApiAddress;

  constructor(address: ApiAddress) {
    this.#address = address;
  }

  // as: the answers are those of the API's own contract.
  async ask(question: Question): Promise<Answer> {
    return (await askApiJson(this.#address, `/api/v1/usage?${formatQuestion(question).toString()}`)) as Answer;
  }

  async listCalls({ from, to, tz, filters, limit, cursor }: CallsWanted): Promise<CallsPage> {
    const query = new URLSearchParams({ from, to, tz, limit: String(limit) });
    for (const filter of filters) query.append("filter", formatFilter(filter));
    if (cursor !== undefined) query.set("cursor", cursor);
    return (await askApiJson(this.#address, `/api/v1/requests?${query.toString()}`)) as CallsPage;
  }

  export({ format, what, question, byteOrderMark }: ExportWanted): AsyncIterable<Uint8Array> {
    const query = formatQuestion(question);
    query.set("what", what);
    if (byteOrderMark === true) query.set("bom", "1");
    return askApiBytes(this.#address, `/api/v1/export.${format}?${query.toString()}`);
  }
}
