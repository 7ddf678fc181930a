import { Option, type Command } from "commander";
import { parseQuery, sinceMoment, type Parsed } from "../../store/query/query-text.ts";
import type { Query } from "../../store/schema/query.ts";
import { momentOf } from "../../store/time/time-range.ts";
import { timeZone } from "../../store/time/time-zone.ts";
import { info, type Terminal } from "../context/terminal.ts";

/** The options of commands that query requests. */
export interface QueryOptions {
  readonly since?: string;
  readonly until?: string;
  readonly tz?: string;
  readonly filter?: readonly string[];
  readonly by?: string;
  readonly metric?: string;
  readonly bucket?: string;
  readonly top?: string;
  readonly order?: string;
}

const MOMENT_EXAMPLES = "7d, 12h, today, 2026-11-23 or 2026-11-23T10:00:00Z";

const collect = (text: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), text];

export function addScopeOptions(command: Command, since: string): Command {
  return command
    .option("--since <when>", `start: 7d, 12h, today, 2026-11-23 or a timestamp (default: ${since})`)
    .option("--until <when>", "end, exclusive; same forms as --since (default: now)")
    .option("--tz <zone>", "time zone of days and hours, such as Europe/Berlin (default: local)")
    .addOption(
      new Option("--filter <filter>", "model=gpt-5,gpt-4o or owner!=ann or 'status>=400'; repeatable").argParser(
        collect,
      ),
    );
}

/** The query of the options; `undefined`, after the issues are printed, if they are invalid. */
export function parseQueryOptions(
  terminal: Terminal,
  options: QueryOptions,
  defaults: Readonly<Record<string, string>> = {},
): Query | undefined {
  for (const [option, text] of [
    ["--since", options.since],
    ["--until", options.until],
  ] as const) {
    if (text === undefined || isMoment(text)) continue;
    info(terminal, `Invalid ${option} ${JSON.stringify(text)}. Use ${MOMENT_EXAMPLES}.`);
    return undefined;
  }
  const query = new URLSearchParams(defaults);
  const set = (name: string, value: string | undefined): void => {
    if (value !== undefined) query.set(name, value);
  };
  set("from", options.since === undefined ? undefined : sinceMoment(options.since));
  set("to", options.until === undefined ? undefined : sinceMoment(options.until));
  set("tz", options.tz ?? (query.has("tz") ? undefined : Intl.DateTimeFormat().resolvedOptions().timeZone));
  set("group_by", options.by);
  set("metric", options.metric);
  set("bucket", options.bucket);
  set("limit", options.top);
  set("order", options.order);
  for (const filter of options.filter ?? []) query.append("filter", filter);
  return reportQueryIssues(terminal, parseQuery(query));
}

function isMoment(text: string): boolean {
  const utc = timeZone("UTC");
  return utc !== undefined && momentOf(sinceMoment(text), utc, Date.now()) !== undefined;
}

const OPTION_NAMES: Readonly<Record<string, string>> = {
  from: "--since",
  to: "--until",
  tz: "--tz",
  group_by: "--by",
  metric: "--metric",
  bucket: "--bucket",
  limit: "--top",
  order: "--order",
  filter: "--filter",
};

/** The option that sets a part of a query. */
export function optionName(where: string): string {
  return OPTION_NAMES[where] ?? where;
}

function reportQueryIssues<T>(terminal: Terminal, result: Parsed<T>): T | undefined {
  if (result.ok) return result.value;
  for (const { where, message } of result.faults) info(terminal, `${optionName(where)}: ${message}`);
  return undefined;
}
