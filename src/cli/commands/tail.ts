import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { Command, InvalidArgumentError, Option } from "commander";
import { errorCode } from "../../core/errno.ts";
import { formatFilter } from "../../store/filter/filter-text.ts";
import type { RequestRow, RequestListQuery } from "../../store/schema/reader.ts";
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
  lmgate tail                             the latest requests, then each new one
  lmgate tail -n 20 --no-follow
  lmgate tail --filter 'status>=400'
  lmgate tail --json | jq -r .model`;

const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 10_000;
const MAX_REMEMBERED_IDS = 2000;
const MAX_MISSED = 500;

interface TailOptions extends DataSourceOptions, QueryOptions {
  readonly lines: number;
  readonly follow: boolean;
  readonly json?: boolean;
}

export function tailCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addDataSourceOptions(addScopeOptions(new Command("tail"), "7d"))
    .description("Show requests, one per line, the newest last, and follow new ones as they finish.")
    .addOption(
      new Option("-n, --lines <count>", "number of recent requests to show first").argParser(lineCount).default(20),
    )
    .option("--no-follow", "exit after the recent requests")
    .option("--json", "print one JSON line per request")
    .addHelpText("after", EXAMPLES)
    .action(async (options: TailOptions) => finish(await tail(terminal, options)));
}

async function tail(terminal: Terminal, options: TailOptions): Promise<number> {
  const query = parseQueryOptions(terminal, options, { from: "-7d" });
  if (query === undefined) return EXIT.usage;
  const printer = new RequestPrinter(terminal, options.json === true);
  const recent = { ...query, limit: options.lines };
  try {
    const address = options.follow ? await findGateway(terminal, options) : undefined;
    if (address !== undefined) return await follow(terminal, address, { printer, recent });
  } catch (error) {
    return reportError(terminal, error);
  }
  const code = await withDataSource(terminal, options, async (source) => {
    await printRecent(source, recent, printer);
    return EXIT.ok;
  });
  if (code !== EXIT.ok || !options.follow) return code;
  info(terminal, "no gateway is running, so there are no new requests to follow (use --no-follow to skip this error)");
  return EXIT.unreachable;
}

/** Prints each request once. */
class RequestPrinter {
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
    // A Set keeps insertion order, so the oldest ids are removed first; they do not appear again.
    for (const id of this.#ids) {
      if (this.#ids.size <= MAX_REMEMBERED_IDS) break;
      this.#ids.delete(id);
    }
    this.#terminal.stdout.write(`${this.#asJson ? JSON.stringify(row) : recordSummaryLine(this.#terminal, row)}\n`);
  }
}

async function printRecent(source: DataSource, query: RequestListQuery, printer: RequestPrinter): Promise<void> {
  if (query.limit === 0) return;
  const { rows } = await source.listRequests(query);
  for (const row of rows.toReversed()) printer.print(row);
}

interface TailState {
  readonly printer: RequestPrinter;
  /** The requests to show first. */
  readonly recent: RequestListQuery;
}

/** Follows the gateway until Ctrl-C. Reconnects if the stream ends, then shows the requests that were missed. */
async function follow(terminal: Terminal, address: ApiAddress, { printer, recent }: TailState): Promise<number> {
  const query = new URLSearchParams({ rate: "500", tz: recent.tz });
  for (const filter of recent.filters) query.append("filter", formatFilter(filter));
  let retryMs = FIRST_RETRY_MS;
  let missed: RequestListQuery | undefined = recent;
  for (let isFirst = true; ; isFirst = false) {
    try {
      const response = await requestApi(address, `/api/v1/requests/stream?${query.toString()}`);
      retryMs = FIRST_RETRY_MS;
      for await (const { name, data } of eventsOf(response)) {
        // The first event arrives after the subscription, so no request is missed between the list and the stream.
        if (missed !== undefined) await printMissed(terminal, address, { printer, recent: missed });
        missed = undefined;
        if (name === "call") printer.print(data as RequestRow); // as: the gateway's API contract
        else if (name === "skipped") info(terminal, `skipped ${(data as Skipped).count} requests: too many to show`);
        if (terminal.stdout.writableNeedDrain) await once(terminal.stdout, "drain");
      }
      info(terminal, "the gateway closed the stream; reconnecting");
    } catch (error) {
      if (error instanceof ApiError) throw error;
      if (!isConnectionError(error) && !(error instanceof GatewayUnreachable && !isFirst)) throw error;
      if (retryMs === FIRST_RETRY_MS) info(terminal, "lost the connection to the gateway; reconnecting");
    }
    missed ??= { ...recent, from: new Date().toISOString(), limit: MAX_MISSED };
    await delay(retryMs);
    retryMs = Math.min(MAX_RETRY_MS, retryMs * 2);
  }
}

/** New requests can be shown even if the query store cannot list earlier ones. */
async function printMissed(terminal: Terminal, address: ApiAddress, { printer, recent }: TailState): Promise<void> {
  try {
    await printRecent(gatewayDataSource(address), recent, printer);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 503) throw error;
    info(terminal, `earlier requests are not shown: ${error.message}`);
  }
}

interface Skipped {
  readonly count: number;
}

async function* eventsOf(response: IncomingMessage): AsyncGenerator<{ readonly name: string; readonly data: unknown }> {
  let name = "";
  for await (const line of createInterface({ input: response })) {
    if (line.startsWith("event: ")) name = line.slice("event: ".length);
    else if (line.startsWith("data: ")) yield { name, data: JSON.parse(line.slice("data: ".length)) };
  }
}

function isConnectionError(error: unknown): boolean {
  return errorCode(error) !== undefined;
}

function lineCount(text: string): number {
  if (!/^\d{1,3}$/.test(text) || Number(text) > 500) throw new InvalidArgumentError("Use a number from 0 to 500.");
  return Number(text);
}
