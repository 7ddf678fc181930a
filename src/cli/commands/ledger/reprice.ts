import { statSync } from "node:fs";
import { basename } from "node:path";
import { Command } from "commander";
import { ownUrl } from "../../../app/startup/banner.ts";
import type { AdminSettings, Settings } from "../../../config/settings.ts";
import { storedLedger } from "../../../ledger/files/ledger-path.ts";
import { closeActiveSegment, lockForRepricing } from "../../../ledger/tools/maintenance-lock.ts";
import { repriceSegment, type RepriceResult } from "../../../ledger/tools/reprice.ts";
import { closedSegments } from "../../../ledger/files/rotation.ts";
import type { Prices } from "../../../prices/prices.ts";
import { loadCommandPrices } from "../../context/load-prices.ts";
import { ProgressBar } from "../../output/progress-bar.ts";
import { addSettingsOptions, type SettingsOptions } from "../../context/settings-options.ts";
import { printTable } from "../../output/print-table.ts";
import { requestApi } from "../../query/api-client.ts";
import { readAdminToken } from "../../query/gateway-address.ts";
import { EXIT, printJson, info, type Terminal } from "../../context/terminal.ts";

const EXAMPLES = `
Examples:
  lmgate reprice --dry-run
  lmgate reprice

Recomputes costs in closed stats files and changes nothing else; each file is replaced atomically. The active stats file is
closed first; if a gateway is running, through its admin port.`;

const ROTATION_TIMEOUT_MS = 10_000;

interface Row extends RepriceResult {
  readonly file: string;
}

export function repriceCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addSettingsOptions(new Command("reprice"))
    .description("Recompute the cost of recorded requests with the current price table and your price overrides.")
    .option("--dry-run", "show the changes without writing them")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action(async (options: SettingsOptions) => finish(await reprice(terminal, options)));
}

async function reprice(terminal: Terminal, options: SettingsOptions): Promise<number> {
  const commandPrices = loadCommandPrices(terminal, options);
  if (typeof commandPrices === "number") return commandPrices;
  const { settings } = commandPrices.loaded;
  const path = storedLedger(settings.stats.outputPath);
  if (path === undefined) {
    info(terminal, `${settings.stats.outputPath} is not a regular file, so it keeps no records`);
    return EXIT.failure;
  }
  const dryRun = "dryRun" in options;
  if (!dryRun) await closeOpenSegment(terminal, path, settings);
  const rows = repriceAll(terminal, { path, dryRun, prices: commandPrices.prices });
  if ("json" in options) printJson(terminal, { dryRun, segments: rows });
  else print(terminal, rows, dryRun);
  return EXIT.ok;
}

/** Closes the active segment. If that fails, prints why; the segment is not repriced. */
async function closeOpenSegment(terminal: Terminal, path: string, settings: Settings): Promise<void> {
  if (closeActiveSegment(path, () => Date.now()) !== "running") return;
  const problem = await requestRotation(settings.admin, terminal.env);
  if (problem === undefined) return;
  info(terminal, `${path} is not repriced: the running gateway did not close it (${problem})`);
}

/** Asks the running gateway to close its active stats file; the reason why it did not, or `undefined`. */
async function requestRotation(admin: AdminSettings, env: Terminal["env"]): Promise<string | undefined> {
  const token = readAdminToken(admin, env);
  if (token === undefined) return `${admin.tokenPath} cannot be read`;
  try {
    const signal = AbortSignal.timeout(ROTATION_TIMEOUT_MS);
    const address = { url: ownUrl(admin.host, admin.port), token };
    const response = await requestApi(address, "/api/v1/ledger/rotate", { method: "POST", signal });
    response.resume();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

interface RepriceOptions {
  readonly path: string;
  readonly dryRun: boolean;
  readonly prices: Prices;
}

function repriceAll(terminal: Terminal, { path, dryRun, prices }: RepriceOptions): readonly Row[] {
  const lock = dryRun ? undefined : lockForRepricing(path, () => Date.now());
  try {
    const segments = closedSegments(path);
    const total = segments.reduce((sum, segment) => sum + statSync(segment).size, 0);
    const bar = new ProgressBar(terminal);
    let read = 0;
    const onRead = (bytes: number): void => {
      read += bytes;
      bar.update(read, total);
      lock?.heartbeat();
    };
    const rows = segments.map((segment) => ({
      file: basename(segment),
      ...repriceSegment(segment, { prices, dryRun, onRead }),
    }));
    bar.clear();
    return rows;
  } finally {
    lock?.release();
  }
}

function print(terminal: Terminal, rows: readonly Row[], dryRun: boolean): void {
  const shown = rows.map(({ file, records, changed, beforeUsd, afterUsd }) => [
    file,
    String(records),
    String(changed),
    beforeUsd.toFixed(6),
    afterUsd.toFixed(6),
  ]);
  printTable(terminal, ["FILE", "RECORDS", "CHANGED", "USD BEFORE", "USD AFTER"], shown);
  if (rows.length === 0) info(terminal, "there are no closed stats files");
  else if (dryRun) info(terminal, "dry run: nothing was changed, and the active stats file was not read");
}
