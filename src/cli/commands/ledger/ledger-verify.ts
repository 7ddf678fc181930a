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

Each line must be a record, none may be there twice, and every number that is missing must be explained by
ledger-events.jsonl. Exit code 0 when that is so, 1 when not. Nothing is changed, and a gateway may be writing meanwhile.`;

interface VerifyOptions extends SettingsOptions {
  readonly json?: true;
  readonly events?: string;
}

interface Subject {
  /** Oldest first. */
  readonly files: readonly string[];
  readonly last: number | undefined;
  readonly events: string;
  readonly complete: boolean;
  readonly live: boolean;
}

export function verifyCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addSettingsOptions(new Command("verify"))
    .summary("check that no record is damaged, doubled or missing unexplained")
    .description("Check stats files: every line a record, none twice, and every missing number explained.")
    .argument("[files...]", "stats files, oldest first; without any, all that the configuration leads to")
    .option("--events <file>", "the file of events; without it, the one beside the first stats file")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action((files: readonly string[], options: VerifyOptions) => finish(verify(terminal, files, options)));
}

function verify(terminal: Terminal, files: readonly string[], options: VerifyOptions): number {
  const subject = files.length > 0 ? given(files, options) : configured(terminal, options);
  if (typeof subject === "number") return subject;
  try {
    const sizes = subject.files.map((file) => statSync(file, { throwIfNoEntry: false })?.size ?? 0);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const bar = new ProgressBar(terminal);
    let read = 0;
    const found = audit({ ...subject, onRead: (bytes) => bar.update((read += bytes), total) });
    bar.clear();
    if (options.json === true) printJson(terminal, found);
    else print(terminal, found);
    return found.ok ? EXIT.ok : EXIT.failure;
  } finally {
    if (subject.last !== undefined) closeSync(subject.last);
  }
}

function given(files: readonly string[], { events }: VerifyOptions): Subject {
  const [first = ""] = files;
  const beside = companionFilesOf(unrotated(first)).events;
  return { files, last: undefined, events: events ?? beside, complete: false, live: isLive(files.at(-1) ?? "") };
}

function configured(terminal: Terminal, options: VerifyOptions): Subject | number {
  const loaded = loadCommandSettings(terminal, options);
  if (typeof loaded === "number") return loaded;
  const { outputPath } = loaded.settings.stats;
  const path = storedLedger(outputPath);
  const files = path === undefined ? undefined : allFiles(path);
  if (path === undefined || files === undefined) {
    info(terminal, `${outputPath} ${path === undefined ? "keeps no records" : "is not there (yet)"}`);
    return EXIT.failure;
  }
  return { ...files, events: options.events ?? companionFilesOf(path).events, complete: true, live: isLive(path) };
}

/** `undefined` where there is none. A gateway may rotate at any moment; what is opened last is what was current then. */
function allFiles(path: string): Pick<Subject, "files" | "last"> | undefined {
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

function print(terminal: Terminal, found: Audit): void {
  const { stdout } = terminal;
  for (const { file, line, fault } of found.faults) stdout.write(`${file}:${line}: ${fault}\n`);
  if (found.faultCount > found.faults.length) {
    stdout.write(`and ${formatCount(found.faultCount - found.faults.length, "fault")} more\n`);
  }
  for (const { instance, from, to, records, explained, why } of found.holes) {
    const numbers = from === to ? `number ${from}` : `numbers ${from} to ${to}`;
    const verb = records === 1 ? "is" : "are";
    stdout.write(`${explained ? "explained" : "UNEXPLAINED"}: ${numbers} of ${instance} ${verb} missing: ${why}\n`);
  }
  for (const note of found.notes) stdout.write(`note: ${note}\n`);
  stdout.write(`${summary(found)}\n`);
}

function summary({ ok, records, files, instances, holes, faultCount }: Audit): string {
  const missing = holes.reduce((sum, hole) => sum + hole.records, 0);
  const unexplained = holes.filter((hole) => !hole.explained).reduce((sum, hole) => sum + hole.records, 0);
  const what = `${formatCount(records, "record")} of ${formatCount(instances, "start")} in ${formatCount(files, "file")}`;
  if (!ok)
    return `not ok: ${what}; ${formatCount(faultCount, "fault")}, ${formatCount(unexplained, "record")} missing unexplained`;
  return `ok: ${what}; ${missing === 0 ? "none is missing" : `${formatCount(missing, "record")} missing, explained`}`;
}
