import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { Command, InvalidArgumentError, Option } from "commander";
import { errorCode } from "../../core/errno.ts";
import { formatFilter } from "../../store/query/filter-text.ts";
import type { RequestRow, RequestListQuery } from "../../store/service/reader.ts";
import { ApiError, requestApi, GatewayUnreachable, type ApiAddress } from "../query/api-client.ts";
import { addScopeOptions, parseQueryOptions, type QueryOptions } from "../query/query-options.ts";
import {
  addDataSourceOptions,
  reportError,
  gatewayDataSource,
  findGateway,
  withDataSource,
  type DataSource,
  type DataSourceOptions,
} from "../query/data-source.ts";
import { recordSummaryLine } from "./tail-line.ts";
import { EXIT, info, type Terminal } from "../context/terminal.ts";

const EXAMPLES = `
Examples:
  lmgate tail                             the last calls, then each as it ends
  lmgate tail -n 20 --no-follow
  lmgate tail --filter 'status>=400'
  lmgate tail --json | jq -r .model`;

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
const KNOWN_IDS = 2000;
const MOST_MISSED = 500;

interface TailOptions extends DataSourceOptions, QueryOptions {
  readonly lines: number;
  readonly follow: boolean;
  readonly json?: boolean;
}

export function tailCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addDataSourceOptions(addScopeOptions(new Command("tail"), "7d"))
    .description("Show calls, one a line, the newest last, and go on with each call that ends.")
    .addOption(new Option("-n, --lines <count>", "calls to begin with").argParser(lineCount).default(20))
    .option("--no-follow", "end after those")
    .option("--json", "print a line of JSON for each call")
    .addHelpText("after", EXAMPLES)
    .action(async (options: TailOptions) => finish(await tail(terminal, options)));
}

async function tail(terminal: Terminal, options: TailOptions): Promise<number> {
  const question = parseQueryOptions(terminal, options, { from: "-7d" });
  if (question === undefined) return EXIT.usage;
  const shown = new Shown(terminal, options.json === true);
  const before = { ...question, limit: options.lines };
  try {
    const address = options.follow ? await findGateway(terminal, options) : undefined;
    if (address !== undefined) return await follow(terminal, address, { shown, before });
  } catch (error) {
    return reportError(terminal, error);
  }
  const code = await withDataSource(terminal, options, async (source) => {
    await showThose(source, before, shown);
    return EXIT.ok;
  });
  if (code !== EXIT.ok || !options.follow) return code;
  info(terminal, "no gateway is running, so there is nothing to follow (--no-follow ends here without a word)");
  return EXIT.unreachable;
}

/** Prints calls, each once. */
class Shown {
  readonly #terminal: Terminal;
  readonly #asJson: boolean;
  readonly #ids = new Set<string>();

  constructor(terminal: Terminal, asJson: boolean) {
    this.#terminal = terminal;
    this.#asJson = asJson;
  }

  print(row: RequestRow): void {
    if (this.#ids.has(row.id)) return;
    this.#ids.add(row.id);
    // The oldest stands first; what was shown long ago does not come again.
    for (const id of this.#ids) {
      if (this.#ids.size <= KNOWN_IDS) break;
      this.#ids.delete(id);
    }
    this.#terminal.stdout.write(`${this.#asJson ? JSON.stringify(row) : recordSummaryLine(this.#terminal, row)}\n`);
  }
}

async function showThose(source: DataSource, wanted: RequestListQuery, shown: Shown): Promise<void> {
  if (wanted.limit === 0) return;
  const { rows } = await source.listRequests(wanted);
  for (const row of rows.toReversed()) shown.print(row);
}

interface Following {
  readonly shown: Shown;
  /** The calls to begin with. */
  readonly before: RequestListQuery;
}

/** Until Ctrl-C; a gateway that goes is waited for, and what ended meanwhile is shown then. */
async function follow(terminal: Terminal, address: ApiAddress, { shown, before }: Following): Promise<number> {
  const query = new URLSearchParams({ rate: "500" });
  for (const filter of before.filters) query.append("filter", formatFilter(filter));
  let pauseMs = FIRST_PAUSE_MS;
  let missed: RequestListQuery | undefined = before;
  for (let isFirst = true; ; isFirst = false) {
    try {
      const answer = await requestApi(address, `/api/v1/requests/stream?${query.toString()}`);
      pauseMs = FIRST_PAUSE_MS;
      for await (const { name, data } of eventsOf(answer)) {
        // The first says that it is listening, so nothing can fall between the list and the stream.
        if (missed !== undefined) await catchUp(terminal, address, { shown, before: missed });
        missed = undefined;
        if (name === "call") shown.print(data as RequestRow); // of our own gateway
        else if (name === "skipped") info(terminal, `skipped ${(data as Skipped).count} calls: too many to show`);
        if (terminal.stdout.writableNeedDrain) await once(terminal.stdout, "drain");
      }
      info(terminal, "the gateway ended the stream; waiting for it");
    } catch (error) {
      if (error instanceof ApiError) throw error;
      if (!isBroken(error) && !(error instanceof GatewayUnreachable && !isFirst)) throw error;
      if (pauseMs === FIRST_PAUSE_MS) info(terminal, "the gateway is gone; waiting for it");
    }
    missed ??= { ...before, from: new Date().toISOString(), limit: MOST_MISSED };
    await delay(pauseMs);
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
  }
}

/** Calls to come are worth showing even where the store cannot tell of those before. */
async function catchUp(terminal: Terminal, address: ApiAddress, { shown, before }: Following): Promise<void> {
  try {
    await showThose(gatewayDataSource(address), before, shown);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 503) throw error;
    info(terminal, `calls before are not shown: ${error.message}`);
  }
}

interface Skipped {
  readonly count: number;
}

async function* eventsOf(answer: IncomingMessage): AsyncGenerator<{ readonly name: string; readonly data: unknown }> {
  let name = "";
  for await (const line of createInterface({ input: answer })) {
    if (line.startsWith("event: ")) name = line.slice("event: ".length);
    else if (line.startsWith("data: ")) yield { name, data: JSON.parse(line.slice("data: ".length)) };
  }
}

function isBroken(error: unknown): boolean {
  return errorCode(error) !== undefined;
}

function lineCount(text: string): number {
  if (!/^\d{1,3}$/.test(text) || Number(text) > 500) throw new InvalidArgumentError("Allowed are 0 to 500.");
  return Number(text);
}
