import { createReadStream, existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { Command } from "commander";
import { billingOf, tokensOf } from "../../../core/request/billing.ts";
import { recordOnLine } from "../../../core/request/record-line.ts";
import { storedLedger } from "../../../ledger/files/ledger-path.ts";
import { closedSegments } from "../../../ledger/files/rotation.ts";
import { printTable } from "../../output/print-table.ts";
import { loadCommandSettings } from "../../context/load-settings.ts";
import { addSettingsOptions, type SettingsOptions } from "../../context/settings-options.ts";
import { EXIT, printJson, info, type Terminal } from "../../context/terminal.ts";

const EXAMPLES = `
Examples:
  lmgate prices unpriced
  lmgate prices unpriced --json | jq -r '.[].model'

Set a price with lmgate prices override, then apply it to recorded requests with lmgate reprice.`;

interface Unpriced {
  readonly provider: string;
  readonly model: string | null;
  requests: number;
  tokens: number;
}

export function unpricedCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addSettingsOptions(new Command("unpriced"))
    .summary("list used models without a price")
    .description("List models that were used and have no price, from all stats files, ordered by tokens.")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action(async (options: SettingsOptions) => finish(await show(terminal, options)));
}

async function show(terminal: Terminal, options: SettingsOptions): Promise<number> {
  const loaded = loadCommandSettings(terminal, options);
  if (typeof loaded === "number") return loaded;
  const { outputPath } = loaded.settings.stats;
  const path = storedLedger(outputPath);
  if (path === undefined || !existsSync(path)) {
    info(
      terminal,
      `${outputPath} ${path === undefined ? "is not a regular file, so it keeps no records" : "does not exist (yet)"}`,
    );
    return EXIT.failure;
  }
  const unpricedByModel = new Map<string, Unpriced>();
  for (const file of [...closedSegments(path), path]) await addUnpriced(file, unpricedByModel);
  const models = [...unpricedByModel.values()].toSorted((one, other) => other.tokens - one.tokens);
  if ("json" in options) {
    printJson(
      terminal,
      models.map(({ provider, model, requests, tokens }) => ({ provider, model, calls: requests, tokens })),
    );
  } else {
    const rows = models.map(({ provider, model, requests, tokens }) => [
      provider,
      model ?? "unknown",
      String(requests),
      String(tokens),
    ]);
    printTable(terminal, ["PROVIDER", "MODEL", "REQUESTS", "TOKENS"], rows);
    if (models.length === 0) info(terminal, "every model that was used has a price");
  }
  return EXIT.ok;
}

async function addUnpriced(file: string, unpricedByModel: Map<string, Unpriced>): Promise<void> {
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    if (!line.includes('"cost_source":"none"')) continue;
    const record = recordOnLine(line);
    const billing = record && billingOf(record);
    if (record?.cost_source !== "none" || billing === undefined) continue;
    const key = JSON.stringify([record.provider, record.model]);
    const unpriced = unpricedByModel.get(key) ?? {
      provider: record.provider,
      model: record.model,
      requests: 0,
      tokens: 0,
    };
    unpriced.requests++;
    unpriced.tokens += tokensOf(billing);
    unpricedByModel.set(key, unpriced);
  }
}
