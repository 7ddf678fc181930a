import { Command } from "commander";
import type { Quote } from "../../../prices/prices.ts";
import { formatRate } from "./price-cells.ts";
import { loadCommandPrices } from "../../context/load-prices.ts";
import { addConfigOption, type SettingsOptions } from "../../context/settings-options.ts";
import { printTable } from "../../output/print-table.ts";
import { EXIT, printJson, info, type Terminal } from "../../context/terminal.ts";

const EXAMPLES = `
Examples:
  lmgate prices list
  lmgate prices list --provider anthropic
  lmgate prices list --json | jq '.[] | select(.source == "override")'`;

export function listPricesCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addConfigOption(new Command("list"))
    .summary("list models and their prices")
    .description("List the models of each configured provider and their prices, in US dollars per million tokens.")
    .option("--provider <name>", "only this provider")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action(async (options: SettingsOptions & { readonly provider?: string }) => finish(await list(terminal, options)));
}

async function list(
  terminal: Terminal,
  options: SettingsOptions & { readonly provider?: string | undefined },
): Promise<number> {
  const commandPrices = loadCommandPrices(terminal, options);
  if (typeof commandPrices === "number") return commandPrices;
  const { prices, loaded } = commandPrices;
  const names = loaded.settings.providers.map(({ name }) => name);
  if (options.provider !== undefined && !names.includes(options.provider)) {
    info(terminal, `provider ${options.provider} is not configured; configured: ${names.join(", ")}`);
    return EXIT.notFound;
  }
  const selected = options.provider === undefined ? names : [options.provider];
  const quotes: { readonly provider: string; readonly quote: Quote }[] = [];
  for (const provider of selected) {
    for (const quote of prices.list(provider, Date.now())) quotes.push({ provider, quote });
  }
  if ("json" in options) {
    const documents = quotes.map(({ provider, quote }) => ({
      provider,
      model: quote.entry,
      source: quote.source,
      usd: quote.prices,
    }));
    printJson(terminal, documents);
    return EXIT.ok;
  }
  const rows = quotes.map(({ provider, quote: { entry, source, prices } }) => {
    const cells = [prices.input, prices.cacheRead, prices.cacheWrite, prices.output].map((rate) =>
      formatRate(rate, 1e6),
    );
    return [provider, entry, ...cells, source];
  });
  printTable(terminal, ["PROVIDER", "MODEL", "INPUT", "CACHE READ", "CACHE WRITE", "OUTPUT", "SOURCE"], rows);
  info(terminal, `list prices of ${prices.version}; costs computed from them are estimates`);
  return EXIT.ok;
}
