import { Option, type Command } from "commander";
import { sinceMoment } from "../../store/query/query-text.ts";
import { parseQuestion, type Parsed } from "../../store/query/query-text.ts";
import type { Query } from "../../store/query/query.ts";
import { info, type Terminal } from "../context/terminal.ts";

/** What the options of commands that ask for calls come to. */
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

const collect = (text: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), text];

export function addScopeOptions(command: Command, since: string): Command {
  return command
    .option("--since <when>", `how long back (7d, 12h), a day or a moment (default: ${since})`)
    .option("--until <when>", "the first moment that is no longer part of it (default: now)")
    .option("--tz <zone>", "time zone of days and hours, as Europe/Berlin (default: this machine's)")
    .addOption(
      new Option("--filter <filter>", "model=gpt-5,gpt-4o or owner!=ann or 'status>=400'; may be repeated").argParser(
        collect,
      ),
    );
}

/** The question that the options ask; `undefined`, with everything said, where they ask none. */
export function parseQueryOptions(
  terminal: Terminal,
  options: QueryOptions,
  defaults: Readonly<Record<string, string>> = {},
): Query | undefined {
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
  return reportQueryIssues(terminal, parseQuestion(query));
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

/** What a part of a question is called on the command line. */
export function optionName(where: string): string {
  return OPTION_NAMES[where] ?? where;
}

function reportQueryIssues<T>(terminal: Terminal, result: Parsed<T>): T | undefined {
  if (result.ok) return result.value;
  for (const { where, message } of result.faults) info(terminal, `${optionName(where)}: ${message}`);
  return undefined;
}
