import { statSync } from "node:fs";
import { basename } from "node:path";
import { Command } from "commander";
import type { Settings } from "../../../core/settings.ts";
import { closeLeftOpen, keptFile, lockForRepricing } from "../../../ledger/tools/offline.ts";
import { repriceSegment, type RepriceResult } from "../../../ledger/tools/reprice.ts";
import { closedSegments } from "../../../ledger/tools/segments.ts";
import type { Prices } from "../../../prices/prices.ts";
import { askToRotate } from "./ask-to-rotate.ts";
import { pricesFor } from "../../load-prices.ts";
import { ProgressBar } from "../../output/progress-bar.ts";
import { addSettingsOptions, type SettingsOptions } from "../../settings-options.ts";
import { printTable } from "../../output/print-table.ts";
import { EXIT, printJson, say, type Terminal } from "../../terminal.ts";

const EXAMPLES = `
Examples:
  lmgate reprice --dry-run
  lmgate reprice

Costs in closed stats files are worked out anew; nothing else in them is touched, and each file is replaced as a whole.
The file that is written now is closed first: a running gateway is asked to at its admin port.`;

interface Row extends RepriceResult {
  readonly file: string;
}

export function repriceCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addSettingsOptions(new Command("reprice"))
    .description("Work out the costs of written records anew, with today's price table and your own prices.")
    .option("--dry-run", "say what would change, and change nothing")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action(async (options: SettingsOptions) => finish(await reprice(terminal, options)));
}

async function reprice(terminal: Terminal, options: SettingsOptions): Promise<number> {
  const found = pricesFor(terminal, options);
  if (typeof found === "number") return found;
  const { settings } = found.loaded;
  const path = keptFile(settings.stats.outputPath);
  if (path === undefined) {
    say(terminal, `${settings.stats.outputPath} keeps no records`);
    return EXIT.failure;
  }
  const dryRun = "dryRun" in options;
  if (!dryRun) await closeOpenSegment(terminal, path, settings);
  const rows = repriceAll(terminal, { path, dryRun, prices: found.prices });
  if ("json" in options) printJson(terminal, { dryRun, segments: rows });
  else print(terminal, rows, dryRun);
  return EXIT.ok;
}

/** What cannot be closed is left out, and said. */
async function closeOpenSegment(terminal: Terminal, path: string, settings: Settings): Promise<void> {
  if (closeLeftOpen(path, () => Date.now()) !== "running") return;
  const problem = await askToRotate(settings.admin, terminal.env);
  if (problem === undefined) return;
  say(terminal, `a gateway writes ${path} and could not be asked to close it (${problem}); that file is left out`);
}

interface Work {
  readonly path: string;
  readonly dryRun: boolean;
  readonly prices: Prices;
}

function repriceAll(terminal: Terminal, { path, dryRun, prices }: Work): readonly Row[] {
  const lock = dryRun ? undefined : lockForRepricing(path, () => Date.now());
  try {
    const segments = closedSegments(path);
    const bar = new ProgressBar(
      terminal,
      segments.reduce((sum, segment) => sum + statSync(segment).size, 0),
    );
    const onRead = (bytes: number): void => {
      bar.add(bytes);
      lock?.beat();
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
  if (rows.length === 0) say(terminal, "there is no closed stats file");
  else if (dryRun) say(terminal, "nothing was changed: this was a dry run, without the file that is written now");
}
