import { Command } from "commander";
import type { AllowlistText } from "../../../allowlist/allowlist-file.ts";
import { summarizeKeys } from "../../../allowlist/key-summary.ts";
import type { KeyActivity } from "../../../store/schema/reader.ts";
import { formatDollars, UNKNOWN } from "../../output/format-metric.ts";
import { addAllowlistOptions, openAllowlist } from "./keys-file.ts";
import { printTable } from "../../output/print-table.ts";
import { withDataSource, type DataSourceOptions } from "../../query/data-source.ts";
import { EXIT, printJson, info, type Terminal } from "../../context/terminal.ts";

const EXAMPLES = `
Examples:
  lmgate keys list
  lmgate keys list --usage                           with the last use and cost of each id
  lmgate keys list --json | jq -r '.[] | select(.state == "expired") | .id'`;

interface ListOptions extends DataSourceOptions {
  readonly json?: boolean;
  readonly usage?: boolean;
}

export function listKeysCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addAllowlistOptions(new Command("list"))
    .summary("list keys")
    .description("List the keys of the allow-list. Only the last six characters of a key are shown.")
    .option("--usage", "add last use and cost of each id, from the running gateway or the stats files")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action(async (options: ListOptions) => finish(await list(terminal, options)));
}

async function list(terminal: Terminal, options: ListOptions): Promise<number> {
  const allowlist = openAllowlist(terminal, options);
  if (typeof allowlist === "number") return allowlist;
  const show = (activity: readonly KeyActivity[] | undefined): number => {
    const rows = listRows(allowlist, activity);
    if (options.json === true) printJson(terminal, rows);
    else print(terminal, rows, activity !== undefined);
    if (rows.length === 0)
      info(terminal, `${allowlist.path} contains no keys; add one with: lmgate keys add --owner NAME`);
    return EXIT.ok;
  };
  if (options.usage !== true) return show(undefined);
  return withDataSource(terminal, options, async (source) => show(await source.keyActivity()));
}

interface KeyRow {
  readonly id: string;
  readonly owner: string;
  readonly label: string | null;
  readonly key: string;
  readonly state: string;
  readonly added: string;
  readonly expires_at: string | null;
  readonly line: number;
  readonly last_used?: string | null;
  readonly requests_24h?: number;
  readonly cost_24h_usd?: number | null;
  readonly cost_30d_usd?: number | null;
}

function listRows(list: AllowlistText, activity: readonly KeyActivity[] | undefined): readonly KeyRow[] {
  const activityById = new Map(activity?.map((used) => [used.key, used]));
  return summarizeKeys(list, Date.now()).map(({ id, owner, columns, maskedKey, state, added, expiresAt, line }) => {
    const used = activityById.get(id);
    const shown = {
      id,
      owner,
      label: columns["label"] ?? null,
      key: maskedKey,
      state,
      added,
      expires_at: expiresAt,
      line,
    };
    if (activity === undefined) return shown;
    return {
      ...shown,
      last_used: used?.lastUsed ?? null,
      requests_24h: used?.requests24h ?? 0,
      cost_24h_usd: used === undefined ? 0 : used.cost24h,
      cost_30d_usd: used === undefined ? 0 : used.cost30d,
    };
  });
}

function print(terminal: Terminal, rows: readonly KeyRow[], withActivity: boolean): void {
  const withLabels = rows.some(({ label }) => label !== null);
  const use = ["LAST USED", "24H $", "30D $"];
  const head = ["ID", "OWNER", ...(withLabels ? ["LABEL"] : []), "KEY", "STATE", "ADDED", "EXPIRES"];
  const cells = rows.map((row) => [
    row.id,
    row.owner,
    ...(withLabels ? [row.label ?? ""] : []),
    row.key,
    row.state,
    row.added,
    row.expires_at ?? "never",
    ...(withActivity ? [row.last_used ?? "never", cost(row.cost_24h_usd), cost(row.cost_30d_usd)] : []),
  ]);
  printTable(terminal, [...head, ...(withActivity ? use : [])], cells);
}

function cost(usd: number | null | undefined): string {
  return usd === null || usd === undefined ? UNKNOWN : formatDollars(usd);
}
