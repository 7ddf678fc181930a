import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { Command, InvalidArgumentError, Option } from "commander";
import { formatFilter } from "../store/filter-text.ts";
import type { Filter } from "../store/question.ts";
import type { CallRow } from "../store/reader.ts";
import { ApiRefusal, askApi, Unreachable, type ApiAddress } from "./api-client.ts";
import { addScopeOptions, questionOf, type AskedOptions } from "./asked.ts";
import { addSourceOptions, complaint, serverOf, withSource, type SourceOptions } from "./source.ts";
import { callLine } from "./tail-line.ts";
import { EXIT, say, type Terminal } from "./terminal.ts";

const EXAMPLES = `
Examples:
  lmgate tail                             the last calls, then each as it ends
  lmgate tail -n 20 --no-follow
  lmgate tail --filter 'status>=400'
  lmgate tail --json | jq -r .model`;

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

interface TailOptions extends SourceOptions, AskedOptions {
  readonly lines: number;
  readonly follow: boolean;
  readonly json?: boolean;
}

export function tailCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addSourceOptions(addScopeOptions(new Command("tail"), "7d"))
    .description("Show calls, one a line, the newest last, and go on with each call that ends.")
    .addOption(new Option("-n, --lines <count>", "calls to begin with").argParser(lineCount).default(20))
    .option("--no-follow", "end after those")
    .option("--json", "print a line of JSON for each call")
    .addHelpText("after", EXAMPLES)
    .action(async (options: TailOptions) => finish(await tail(terminal, options)));
}

async function tail(terminal: Terminal, options: TailOptions): Promise<number> {
  const question = questionOf(terminal, options, { from: "-7d" });
  if (question === undefined) return EXIT.usage;
  const show = (row: CallRow): void => {
    terminal.stdout.write(`${options.json === true ? JSON.stringify(row) : callLine(terminal, row)}\n`);
  };
  const code = await withSource(terminal, options, async (source) => {
    if (options.lines === 0) return EXIT.ok;
    const { rows } = await source.listCalls({ ...question, limit: options.lines });
    for (const row of rows.toReversed()) show(row);
    return EXIT.ok;
  });
  if (code !== EXIT.ok || !options.follow) return code;
  try {
    const address = await serverOf(terminal, options);
    if (address === undefined) {
      say(terminal, "no gateway is running, so there is nothing to follow (--no-follow ends here without a word)");
      return EXIT.unreachable;
    }
    return await follow(terminal, address, { filters: question.filters, show });
  } catch (error) {
    return complaint(terminal, error);
  }
}

interface Following {
  readonly filters: readonly Filter[];
  readonly show: (row: CallRow) => void;
}

/** Until Ctrl-C; a gateway that goes is waited for. */
async function follow(terminal: Terminal, address: ApiAddress, { filters, show }: Following): Promise<number> {
  const query = new URLSearchParams({ rate: "500" });
  for (const filter of filters) query.append("filter", formatFilter(filter));
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    try {
      const answer = await askApi(address, `/api/v1/requests/stream?${query.toString()}`);
      pauseMs = FIRST_PAUSE_MS;
      let event = "";
      for await (const line of createInterface({ input: answer })) {
        if (line.startsWith("event: ")) event = line.slice("event: ".length);
        else if (line.startsWith("data: ")) heard(terminal, event, JSON.parse(line.slice("data: ".length)), show);
        if (terminal.stdout.writableNeedDrain) await once(terminal.stdout, "drain");
      }
      say(terminal, "the gateway ended the stream; waiting for it");
    } catch (error) {
      if (error instanceof ApiRefusal) throw error;
      if (!(error instanceof Unreachable) && !isBroken(error)) throw error;
      if (pauseMs === FIRST_PAUSE_MS) say(terminal, "the gateway is gone; waiting for it");
    }
    await delay(pauseMs);
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
  }
}

function heard(terminal: Terminal, event: string, data: unknown, show: (row: CallRow) => void): void {
  if (event === "call") show(data as CallRow); // of our own gateway
  else if (event === "skipped") say(terminal, `skipped ${(data as { count: number }).count} calls: too many to show`);
}

function isBroken(error: unknown): boolean {
  return error instanceof Error && "code" in error && typeof error.code === "string";
}

function lineCount(text: string): number {
  if (!/^\d{1,3}$/.test(text) || Number(text) > 500) throw new InvalidArgumentError("Allowed are 0 to 500.");
  return Number(text);
}
