import { Command, InvalidArgumentError } from "commander";
import { segmentsToPrune, prune, type PrunedSegment, type Retention } from "../../../store/files/retention.ts";
import { printTable } from "../../output/print-table.ts";
import { confirm } from "../../context/confirm.ts";
import { addSettingsOptions, type SettingsOptions } from "../../context/settings-options.ts";
import { withStore, type StoreWork } from "./store-open.ts";
import { formatCount, formatBytes } from "../../output/format-bytes.ts";
import { EXIT, printJson, info, type Terminal } from "../../context/terminal.ts";

const EXAMPLES = `
Examples:
  lmgate store prune --older-than 90 --dry-run
  lmgate store prune --larger-than 20 --yes

Deletes whole closed stats files, the oldest first, and their records from the store: files whose last record is older than
--older-than, and further files while stats files and store together exceed --larger-than. Never deletes the active stats
file. Without these options, store.retention_days and store.retention_gigabytes apply.`;

interface PruneOptions extends SettingsOptions {
  readonly olderThan?: number;
  readonly largerThan?: number;
  readonly yes?: true;
  readonly dryRun?: true;
  readonly json?: true;
}

const GIGABYTE = 1024 ** 3;
const BULK_BYTES = 96 * 1024 * 1024;

export function pruneStoreCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addSettingsOptions(new Command("prune"))
    .summary("permanently delete old records")
    .description("Permanently delete old closed stats files and their records.")
    .option("--older-than <days>", "delete files older than this", positive)
    .option("--larger-than <gigabytes>", "delete the oldest files until the total is below this", positive)
    .option("--dry-run", "show the files without deleting them")
    .option("-y, --yes", "do not ask for confirmation")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action(async (options: PruneOptions) => finish(await withStore(terminal, options, pruneWork(terminal, options))));
}

function pruneWork(terminal: Terminal, options: PruneOptions): (work: StoreWork) => Promise<number> {
  return async ({ offline: { store }, settings, onProgress }) => {
    const retention = retentionOf(options, settings.store);
    if (retention.days === undefined && retention.bytes === undefined) {
      info(terminal, "no limit is set; use --older-than DAYS or --larger-than GIGABYTES");
      return EXIT.usage;
    }
    await store.refresh({ compactAt: options.dryRun === true ? undefined : BULK_BYTES, onProgress });
    const candidates = segmentsToPrune(store, retention, Date.now());
    if (options.dryRun === true || candidates.length === 0) return report(terminal, options, candidates, false);
    if (options.yes !== true) {
      const prompt = `Permanently delete ${formatCount(candidates.length, "stats file")}?`;
      const notConfirmed = await confirm(terminal, prompt, () => print(terminal, candidates));
      if (notConfirmed !== undefined) return notConfirmed;
    }
    return report(terminal, options, await prune(store, retention, Date.now), true);
  };
}

interface RetentionSettings {
  readonly retentionDays: number | undefined;
  readonly retentionBytes: number | undefined;
}

/** The options replace the settings; the settings apply only if no option is given. */
function retentionOf({ olderThan, largerThan }: PruneOptions, settings: RetentionSettings): Retention {
  if (olderThan === undefined && largerThan === undefined) {
    return { days: settings.retentionDays, bytes: settings.retentionBytes };
  }
  return { days: olderThan, bytes: largerThan === undefined ? undefined : largerThan * GIGABYTE };
}

function report(
  terminal: Terminal,
  options: PruneOptions,
  candidates: readonly PrunedSegment[],
  isDone: boolean,
): number {
  if (options.json === true) printJson(terminal, { deleted: isDone, segments: candidates });
  else {
    if (candidates.length > 0) print(terminal, candidates);
    const records = candidates.reduce((sum, one) => sum + one.records, 0);
    const did = isDone ? "deleted" : "would delete";
    info(terminal, candidates.length === 0 ? "nothing to delete" : `${did} ${formatCount(records, "record")}`);
  }
  return EXIT.ok;
}

function print(terminal: Terminal, candidates: readonly PrunedSegment[]): void {
  printTable(
    terminal,
    ["FILE", "RECORDS", "SIZE", "LAST RECORD", "REASON"],
    candidates.map((one) => [one.name, String(one.records), formatBytes(one.bytes), one.lastTs ?? "none", one.because]),
  );
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError("Use a number greater than 0.");
  return value;
}
