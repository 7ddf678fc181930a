import { Command } from "commander";
import { AccessTable, buildAccessTable } from "../../allowlist/access-table.ts";
import { ADMIN_TOKEN_VARIABLE, checkAdminToken } from "../../config/admin-token.ts";
import { parseAllowlist, type AllowRow } from "../../allowlist/allowlist.ts";
import { findConfigFile, loadSettings, type LoadedSettings } from "../../config/config.ts";
import { formatIssue, formatIssues, type ConfigIssue } from "../../config/config-issue.ts";
import { keyDigest } from "../../allowlist/key-rules.ts";
import { MAX_ALLOWLIST_BYTES, missingAllowlist } from "../../allowlist/load-allowlist.ts";
import { openAllowlistWarning } from "../../allowlist/world-readable.ts";
import { loadPriceOverrides } from "../../prices/overrides-file.ts";
import { readRegularFileSync } from "../../config/files/read-file.ts";
import { addSettingsOptions, configFileOf, flagsOf, type SettingsOptions } from "../context/settings-options.ts";
import { whyNotWritable } from "./doctor/writable.ts";
import { EXIT, printJson, info, type ExitCode, type Terminal } from "../context/terminal.ts";

const EXAMPLES = `
Examples:
  lmgate check
  lmgate check /etc/lmgate/lmgate.yaml
  lmgate check --json
  lmgate check --strict

Exit codes: 0 valid, 3 invalid; with --strict, 8 if there are only warnings.`;

export function checkCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addSettingsOptions(new Command("check"))
    .description(
      "Validate the configuration, the allow-list, the price overrides and the admin token without starting the gateway.",
    )
    .argument("[file]", "configuration file, same as --config")
    .option("--json", "print one JSON document")
    .option("--strict", "exit with code 8 if there are warnings")
    .addHelpText("after", EXAMPLES)
    .action((file: string | undefined, options: SettingsOptions) => {
      const config = findConfigFile(file ?? configFileOf(options), terminal.env);
      finish(report(terminal, runChecks(config, terminal, options), options));
    });
}

interface CheckResult {
  readonly config: string;
  readonly loaded: LoadedSettings | undefined;
  readonly rows: readonly AllowRow[];
  readonly issues: readonly ConfigIssue[];
  readonly warnings: readonly ConfigIssue[];
}

function runChecks(config: string, { env }: Terminal, options: SettingsOptions): CheckResult {
  const loaded = loadSettings({ file: config, env, flags: flagsOf(options) });
  if ("issues" in loaded) return { config, loaded: undefined, rows: [], issues: loaded.issues, warnings: [] };
  const { auth, admin, stats, pricing } = loaded.settings;
  const allowlist = readAllowlist(auth.allowlistPath);
  const rows = "rows" in allowlist ? allowlist.rows : [];
  const issues = [
    ...("issues" in allowlist ? allowlist.issues : []),
    ...tokenIssues(admin.tokenPath, rows, env[ADMIN_TOKEN_VARIABLE]),
    ...statsIssues(stats.outputPath),
    ...priceIssues(pricing.overridesPath),
  ];
  const open = openAllowlistWarning(auth.allowlistPath);
  const warnings = open === undefined ? loaded.warnings : [...loaded.warnings, open];
  return { config, loaded, rows, issues, warnings };
}

function readAllowlist(path: string): ReturnType<typeof parseAllowlist> {
  const content = readRegularFileSync(path, MAX_ALLOWLIST_BYTES);
  return "bytes" in content ? parseAllowlist(content.bytes, path) : { issues: [missingAllowlist(path, content)] };
}

function priceIssues(path: string | undefined): readonly ConfigIssue[] {
  const read = path === undefined ? undefined : loadPriceOverrides(path);
  return read !== undefined && "issues" in read ? read.issues : [];
}

/** The gateway would start without a writable stats file and keep all records in memory. */
function statsIssues(path: string): readonly ConfigIssue[] {
  const problem = whyNotWritable(path);
  return problem === undefined ? [] : [{ source: path, message: `cannot write the stats file: ${problem}` }];
}

/** A missing token file is valid if the first start can create it. */
function tokenIssues(
  path: string,
  rows: readonly AllowRow[],
  fromEnvironment: string | undefined,
): readonly ConfigIssue[] {
  if (fromEnvironment !== undefined) {
    return issuesOfToken(`environment variable ${ADMIN_TOKEN_VARIABLE}`, fromEnvironment, rows);
  }
  const content = readRegularFileSync(path, 4096);
  if (!("bytes" in content)) {
    if (content.code !== "ENOENT") return [{ source: path, message: content.message }];
    const problem = whyNotWritable(path);
    return problem === undefined ? [] : [{ source: path, message: `cannot create the admin token: ${problem}` }];
  }
  return issuesOfToken(path, content.bytes.toString("utf8"), rows);
}

function issuesOfToken(source: string, text: string, rows: readonly AllowRow[]): readonly ConfigIssue[] {
  const message = checkAdminToken(text);
  if (message !== undefined) return [{ source, message }];
  const isKey = new AccessTable(buildAccessTable(rows)).find(keyDigest(text.trim())) !== undefined;
  return isKey ? [{ source, message: "the admin token is also a key of the allow-list; use a separate secret" }] : [];
}

function report(terminal: Terminal, findings: CheckResult, options: SettingsOptions): ExitCode {
  const { config, loaded, rows, issues, warnings } = findings;
  const ok = issues.length === 0;
  const success = "strict" in options && warnings.length > 0 ? EXIT.warnings : EXIT.ok;
  const path = loaded?.settings.auth.allowlistPath;
  const providers = loaded?.settings.providers.map((provider) => provider.name) ?? [];
  const expired = rows.filter((row) => row.expiresAt !== undefined && row.expiresAt <= Date.now()).length;
  const disabled = rows.filter((row) => row.disabled).length;
  if ("json" in options) {
    const allowlist = { path, keys: rows.length, disabled, expired };
    printJson(terminal, { ok, config, providers, allowlist, faults: issues, warnings });
    return ok ? success : EXIT.invalid;
  }
  for (const warning of warnings) info(terminal, `warning: ${formatIssue(warning)}`);
  for (const line of formatIssues(issues)) terminal.stdout.write(`${line}\n`);
  if (!ok) {
    if (loaded === undefined)
      info(terminal, "the allow-list was not checked: its path is part of the invalid configuration");
    return EXIT.invalid;
  }
  terminal.stdout.write(`${config}: ok (providers: ${providers.join(", ")})\n`);
  terminal.stdout.write(`${path}: ok (keys: ${rows.length}, disabled: ${disabled}, expired: ${expired})\n`);
  return success;
}
