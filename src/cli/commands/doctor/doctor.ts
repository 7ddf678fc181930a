import { styleText } from "node:util";
import { Command } from "commander";
import { openAllowlistText } from "../../../allowlist/allowlist-file.ts";
import { findConfigFile, loadSettings } from "../../../config/config.ts";
import { formatIssues } from "../../../config/config-issue.ts";
import type { Settings } from "../../../core/settings.ts";
import { openOffline } from "../../../store/service/open-store.ts";
import { question } from "../../../store/query/query.ts";
import type { Check } from "./doctor-check.ts";
import { failure, ok, warning } from "./doctor-check.ts";
import { dataCheck, descriptorCheck, diskCheck, modeCheck, nodeCheck, portCheck } from "./doctor-machine.ts";
import { providerChecks } from "./doctor-providers.ts";
import { printable } from "../../output/print-table.ts";
import { addSettingsOptions, configFileOf, flagsOf, type SettingsOptions } from "../../context/settings-options.ts";
import { findRunningGateway } from "../../query/gateway-address.ts";
import { EXIT, printJson, type Terminal } from "../../context/terminal.ts";

const EXAMPLES = `
Examples:
  lmgate doctor
  lmgate doctor --no-network
  lmgate doctor --json | jq '.checks[] | select(.result != "ok")'

Exit code 0 when all is well, 8 with warnings, 1 when something will not work.`;

interface DoctorOptions extends SettingsOptions {
  readonly json?: boolean;
  readonly network: boolean;
}

export function doctorCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addSettingsOptions(new Command("doctor"))
    .description(
      "Look at everything a gateway here needs, and say what to do where something is missing. No key is sent.",
    )
    .option("--no-network", "do not connect to providers")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action(async (options: DoctorOptions) => finish(await doctor(terminal, options)));
}

async function doctor(terminal: Terminal, options: DoctorOptions): Promise<number> {
  const checks: Check[] = [];
  for await (const check of runChecks(terminal, options)) {
    checks.push(check);
    if (options.json !== true) show(terminal, check);
  }
  const count = (result: Check["result"]): number => checks.filter((check) => check.result === result).length;
  const [failures, warnings] = [count("failure"), count("warning")];
  if (options.json === true) printJson(terminal, { ok: failures === 0, failures, warnings, checks });
  else terminal.stdout.write(`\n${checks.length} checks: ${failures} failed, ${warnings} with a warning\n`);
  if (failures > 0) return EXIT.failure;
  return warnings > 0 ? EXIT.warnings : EXIT.ok;
}

async function* runChecks(terminal: Terminal, options: DoctorOptions): AsyncGenerator<Check> {
  yield nodeCheck(process.version);
  const file = findConfigFile(configFileOf(options), terminal.env);
  const read = loadSettings({ file, env: terminal.env, flags: flagsOf(options) });
  if ("faults" in read) {
    yield failure(
      "Configuration",
      formatIssues(read.faults).join("; "),
      "Mend it; lmgate check shows each fault with its line.",
    );
    return;
  }
  const { settings } = read;
  yield ok("Configuration", file);
  const running = await findRunningGateway(settings, terminal.env);
  yield running === undefined
    ? ok("Gateway", "none is running with this configuration")
    : ok("Gateway", `running, admin listener at ${running.url}`);
  yield allowlistCheck(settings);
  yield modeCheck("Allow-list's mode", settings.auth.allowlistPath);
  yield modeCheck("Token's mode", settings.admin.tokenPath);
  yield dataCheck(settings);
  yield diskCheck(settings);
  yield descriptorCheck();
  yield await portCheck(settings, running !== undefined);
  yield* recordChecks(settings);
  if (options.network) yield* await providerChecks(settings.providers);
}

function allowlistCheck({ auth }: Settings): Check {
  const list = openAllowlistText(auth.allowlistPath);
  const name = "Allow-list";
  if ("faults" in list) return failure(name, formatIssues(list.faults).join("; "), "Mend it; a start refuses it.");
  const open = list.rows.filter((row) => !row.disabled && (row.expiresAt ?? Infinity) > Date.now()).length;
  if (open === 0) return warning(name, "no key opens anything", "Add one: lmgate keys add --owner NAME");
  return ok(name, `${open} of ${list.rows.length} keys open`);
}

/** What the records of the last week info. */
async function* recordChecks(settings: Settings): AsyncGenerator<Check> {
  const offline = await openOffline({ settings, now: Date.now });
  try {
    const answer = await offline.reader.ask(question.parse({ from: "-7d", bucket: "none", metrics: ["requests"] }));
    const { coverage, through } = answer;
    yield through === null
      ? ok("Records", "none yet")
      : ok("Records", `the last call ended ${through}; ${coverage.requests} in seven days`);
    if (coverage.requests === 0) return;
    const models = coverage.unpricedModels.length;
    yield models === 0
      ? ok("Prices", "every model that was called has one")
      : warning(
          "Prices",
          `${models} models without a price`,
          "lmgate prices unpriced lists them; give them one in pricing.overrides_path.",
        );
    const known = coverage.withUsage / coverage.requests;
    const detail = `known for ${(known * 100).toFixed(1)} % of calls`;
    const [reason] = coverage.reasons;
    yield known >= 0.95
      ? ok("Usage", detail)
      : warning(
          "Usage",
          `${detail}; most often: ${reason?.reason ?? "unknown"}`,
          "The user guide's chapter on usage_reason says what mends it.",
        );
    const bad = offline.store.segments.reduce((sum, track) => sum + track.settled().bad, 0);
    yield bad === 0
      ? ok("Stats files", "every line is a record")
      : warning("Stats files", `${bad} lines are no record`, "lmgate ledger verify shows which.");
  } catch (error) {
    yield failure(
      "Store",
      error instanceof Error ? error.message : String(error),
      "lmgate store rebuild makes it anew from the stats files.",
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
