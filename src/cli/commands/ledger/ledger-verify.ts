import { closeSync, existsSync, openSync, statSync } from "node:fs";
import { Command } from "commander";
import { audit, type Audit } from "../../../ledger/tools/audit.ts";
import { companionFilesOf } from "../../../ledger/files/companion-files.ts";
import { storedLedger } from "../../../ledger/files/ledger-path.ts";
import { closedSegments, unrotated } from "../../../ledger/files/rotation.ts";
import { formatCount } from "../../output/format-bytes.ts";
import { ProgressBar } from "../../output/progress-bar.ts";
import { loadCommandSettings } from "../../context/load-settings.ts";
import { addSettingsOptions, type SettingsOptions } from "../../context/settings-options.ts";
import { EXIT, printJson, info, type Terminal } from "../../context/terminal.ts";

const EXAMPLES = `
Examples:
  lmgate ledger verify
  lmgate ledger verify --json | jq .holes
  lmgate ledger verify archive/stats-*.jsonl data/stats.jsonl --events data/ledger-events.jsonl

Checks that each line is a record, that no record is duplicated, and that every gap in the sequence numbers is explained in
ledger-events.jsonl. Exit codes: 0 if so, 1 if not. Changes nothing; a gateway may be running.`;

interface VerifyOptions extends SettingsOptions {
  readonly json?: true;
  readonly events?: string;
}

interface AuditInput {
  /** Oldest first. */
  readonly files: readonly string[];
  readonly last: number | undefined;
  readonly events: string;
  readonly complete: boolean;
  readonly live: boolean;
}

export function verifyCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addSettingsOptions(new Command("verify"))
    .summary("check for damaged, duplicate and missing records")
    .description("Check the stats files for damaged and duplicate records and for unexplained gaps.")
    .argument("[files...]", "stats files, oldest first (default: all of the configuration)")
    .option("--events <file>", "events file (default: next to the first stats file)")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action((files: readonly string[], options: VerifyOptions) => finish(verify(terminal, files, options)));
}

function verify(terminal: Terminal, files: readonly string[], options: VerifyOptions): number {
  const input = files.length > 0 ? inputOfFiles(files, options) : inputOfSettings(terminal, options);
  if (typeof input === "number") return input;
  try {
    const sizes = input.files.map((file) => statSync(file, { throwIfNoEntry: false })?.size ?? 0);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const bar = new ProgressBar(terminal);
    let read = 0;
    const result = audit({ ...input, onRead: (bytes) => bar.update((read += bytes), total) });
    bar.clear();
    if (options.json === true) printJson(terminal, result);
    else print(terminal, result);
    return result.ok ? EXIT.ok : EXIT.failure;
  } finally {
    if (input.last !== undefined) closeSync(input.last);
  }
}

function inputOfFiles(files: readonly string[], { events }: VerifyOptions): AuditInput {
  const [first = ""] = files;
  const defaultEvents = companionFilesOf(unrotated(first)).events;
  return { files, last: undefined, events: events ?? defaultEvents, complete: false, live: isLive(files.at(-1) ?? "") };
}

function inputOfSettings(terminal: Terminal, options: VerifyOptions): AuditInput | number {
  const loaded = loadCommandSettings(terminal, options);
  if (typeof loaded === "number") return loaded;
  const { outputPath } = loaded.settings.stats;
  const path = storedLedger(outputPath);
  const files = path === undefined ? undefined : allFiles(path);
  if (path === undefined || files === undefined) {
    info(
      terminal,
      `${outputPath} ${path === undefined ? "is not a regular file, so it keeps no records" : "does not exist (yet)"}`,
    );
    return EXIT.failure;
  }
  return { ...files, events: options.events ?? companionFilesOf(path).events, complete: true, live: isLive(path) };
}

/**
 * All segments of a stats file; `undefined` if there are none. A running gateway may rotate meanwhile: the active segment is
 * kept open, and the list is read again until no segment was closed in between.
 */
function allFiles(path: string): Pick<AuditInput, "files" | "last"> | undefined {
  for (;;) {
    if (!existsSync(path)) {
      const segments = existsSync(companionFilesOf(path).events) ? closedSegments(path) : [];
      return segments.length === 0 ? undefined : { files: segments, last: undefined };
    }
    const segments = closedSegments(path);
    const last = openSync(path, "r");
    if (closedSegments(path).length === segments.length) return { files: [...segments, path], last };
    closeSync(last);
  }
}

function isLive(path: string): boolean {
  return existsSync(`${path}.lock`);
}

function print(terminal: Terminal, result: Audit): void {
  const { stdout } = terminal;
  for (const { file, line, fault } of result.faults) stdout.write(`${file}:${line}: ${fault}\n`);
  if (result.faultCount > result.faults.length) {
    stdout.write(`and ${formatCount(result.faultCount - result.faults.length, "issue")} more\n`);
  }
  for (const { instance, from, to, records, explained, why } of result.holes) {
    const numbers = from === to ? `number ${from}` : `numbers ${from} to ${to}`;
    const verb = records === 1 ? "is" : "are";
    stdout.write(`${explained ? "explained" : "UNEXPLAINED"}: ${numbers} of ${instance} ${verb} missing: ${why}\n`);
  }
  for (const note of result.notes) stdout.write(`note: ${note}\n`);
  stdout.write(`${summary(result)}\n`);
}

function summary({ ok, records, files, instances, holes, faultCount }: Audit): string {
  const missing = holes.reduce((sum, hole) => sum + hole.records, 0);
  const unexplained = holes.filter((hole) => !hole.explained).reduce((sum, hole) => sum + hole.records, 0);
  const what = `${formatCount(records, "record")} of ${formatCount(instances, "start")} in ${formatCount(files, "file")}`;
  if (!ok)
    return `not ok: ${what}; ${formatCount(faultCount, "issue")}, ${formatCount(unexplained, "record")} missing without an explanation`;
  return `ok: ${what}; ${missing === 0 ? "none missing" : `${formatCount(missing, "record")} missing, explained`}`;
}
