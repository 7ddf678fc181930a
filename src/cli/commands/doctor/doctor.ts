import { styleText } from "node:util";
import { Command } from "commander";
import { openAllowlistText } from "../../../allowlist/allowlist-file.ts";
import { findConfigFile, loadSettings } from "../../../config/config.ts";
import { formatIssues } from "../../../config/config-issue.ts";
import type { Settings } from "../../../config/settings.ts";
import { openOffline } from "../../../store/service/open-store.ts";
import { querySchema } from "../../../store/schema/query.ts";
import type { Check } from "./doctor-check.ts";
import { failure, ok, warning } from "./doctor-check.ts";
import {
  acceptQueueCheck,
  dataCheck,
  descriptorCheck,
  diskCheck,
  modeCheck,
  nodeCheck,
  portCheck,
} from "./doctor-machine.ts";
import { providerChecks } from "./doctor-providers.ts";
import { formatCount } from "../../output/format-bytes.ts";
import { printable } from "../../output/print-table.ts";
import { addSettingsOptions, configFileOf, flagsOf, type SettingsOptions } from "../../context/settings-options.ts";
import { findRunningGateway } from "../../query/gateway-address.ts";
import { EXIT, printJson, type Terminal } from "../../context/terminal.ts";

const EXAMPLES = `
Examples:
  lmgate doctor
  lmgate doctor --no-network
  lmgate doctor --json | jq '.checks[] | select(.result != "ok")'

Exit codes: 0 if every check is ok, 8 with warnings, 1 with failures.`;

interface DoctorOptions extends SettingsOptions {
  readonly json?: boolean;
  readonly network: boolean;
}

export function doctorCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addSettingsOptions(new Command("doctor"))
    .description(
      "Check everything that a gateway needs on this machine, and print how to fix what is missing. Sends no key.",
    )
    .option("--no-network", "do not connect to providers")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action(async (options: DoctorOptions) => finish(await diagnose(terminal, options)));
}

async function diagnose(terminal: Terminal, options: DoctorOptions): Promise<number> {
  const checks: Check[] = [];
  for await (const check of runChecks(terminal, options)) {
    checks.push(check);
    if (options.json !== true) show(terminal, check);
  }
  const count = (result: Check["result"]): number => checks.filter((check) => check.result === result).length;
  const [failures, warnings] = [count("failure"), count("warning")];
  if (options.json === true) printJson(terminal, { ok: failures === 0, failures, warnings, checks });
  else terminal.stdout.write(`\n${checks.length} checks: ${failures} failed, ${warnings} with warnings\n`);
  if (failures > 0) return EXIT.failure;
  return warnings > 0 ? EXIT.warnings : EXIT.ok;
}

async function* runChecks(terminal: Terminal, options: DoctorOptions): AsyncGenerator<Check> {
  yield nodeCheck(process.version);
  const file = findConfigFile(configFileOf(options), terminal.env);
  const read = loadSettings({ file, env: terminal.env, flags: flagsOf(options) });
  if ("issues" in read) {
    yield failure(
      "Configuration",
      formatIssues(read.issues).join("; "),
      "Fix the file; lmgate check shows each issue with its line.",
    );
    return;
  }
  const { settings } = read;
  yield ok("Configuration", file);
  const running = await findRunningGateway(settings, terminal.env);
  yield running === undefined
    ? ok("Gateway", "not running with this configuration")
    : ok("Gateway", `running, admin listener at ${running.url}`);
  yield allowlistCheck(settings);
  yield modeCheck("Allow-list mode", settings.auth.allowlistPath);
  yield modeCheck("Admin token mode", settings.admin.tokenPath);
  yield dataCheck(settings);
  yield diskCheck(settings);
  yield descriptorCheck();
  yield await portCheck(settings, running !== undefined);
  yield acceptQueueCheck(settings);
  yield* recordChecks(settings);
  if (options.network) yield* await providerChecks(settings.providers);
}

function allowlistCheck({ auth }: Settings): Check {
  const list = openAllowlistText(auth.allowlistPath);
  const name = "Allow-list";
  if ("issues" in list)
    return failure(name, formatIssues(list.issues).join("; "), "Fix the file; LMGate will not start.");
  const active = list.rows.filter((row) => !row.disabled && (row.expiresAt ?? Infinity) > Date.now()).length;
  if (active === 0) return warning(name, "no active key", "Add one: lmgate keys add --owner NAME");
  return ok(name, `${active} of ${list.rows.length} keys active`);
}

/** Checks the records of the last seven days. */
async function* recordChecks(settings: Settings): AsyncGenerator<Check> {
  const offline = await openOffline({ settings, now: Date.now });
  try {
    const result = await offline.reader.query(
      querySchema.parse({ from: "-7d", bucket: "none", metrics: ["requests"] }),
    );
    const { coverage, through } = result;
    yield through === null
      ? ok("Records", "none yet")
      : ok("Records", `last request at ${through}; ${coverage.requests} in the last seven days`);
    if (coverage.requests === 0) return;
    const models = coverage.unpricedModels.length;
    yield models === 0
      ? ok("Prices", "every model that was used has a price")
      : warning(
          "Prices",
          `${formatCount(models, "model")} without a price`,
          "List them with lmgate prices unpriced, and set prices with lmgate prices override.",
        );
    const known = coverage.withUsage / coverage.requests;
    const detail = `known for ${(known * 100).toFixed(1)} % of requests`;
    const [reason] = coverage.reasons;
    yield known >= 0.95
      ? ok("Usage", detail)
      : warning(
          "Usage",
          `${detail}; most frequent reason: ${reason?.reason ?? "unknown"}`,
          "See usage_reason in the user guide.",
        );
    const bad = offline.store.segments.reduce((sum, track) => sum + track.stateToWrite().bad, 0);
    yield bad === 0
      ? ok("Stats files", "every line is a valid record")
      : warning("Stats files", formatCount(bad, "invalid line"), "List them with lmgate ledger verify.");
  } catch (error) {
    yield failure(
      "Store",
      error instanceof Error ? error.message : String(error),
      "Rebuild the store from the stats files: lmgate store rebuild",
    );
  } finally {
    await offline.close();
  }
}

const MARKS = { ok: ["green", "✓"], warning: ["yellow", "!"], failure: ["red", "✗"] } as const;

function show(terminal: Terminal, { name, result, detail, remedy }: Check): void {
  const [color, mark] = MARKS[result];
  terminal.stdout.write(`${styleText(color, mark, { stream: terminal.stdout })} ${name}: ${printable(detail)}\n`);
  if (remedy !== undefined) terminal.stdout.write(`    ${printable(remedy)}\n`);
}
