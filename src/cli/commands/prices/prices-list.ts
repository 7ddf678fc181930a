import { Command } from "commander";
import type { Quote } from "../../../prices/prices.ts";
import { shownRate } from "./price-cells.ts";
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
    .summary("show every model that has a price")
    .description("Show every model that has a price, for each configured provider. US dollars for a million tokens.")
    .option("--provider <name>", "this provider only")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action(async (options: SettingsOptions & { readonly provider?: string }) => finish(await list(terminal, options)));
}

async function list(
  terminal: Terminal,
  options: SettingsOptions & { readonly provider?: string | undefined },
): Promise<number> {
  const found = loadCommandPrices(terminal, options);
  if (typeof found === "number") return found;
  const { prices, loaded } = found;
  const names = loaded.settings.providers.map(({ name }) => name);
  if (options.provider !== undefined && !names.includes(options.provider)) {
    info(terminal, `${options.provider} is not configured; there are ${names.join(", ")}`);
    return EXIT.notFound;
  }
  const wanted = options.provider === undefined ? names : [options.provider];
  const quotes: { readonly provider: string; readonly quote: Quote }[] = [];
  for (const provider of wanted) {
    for (const quote of prices.list(provider, Date.now())) quotes.push({ provider, quote });
  }
  if ("json" in options) {
    const shown = quotes.map(({ provider, quote }) => ({
      provider,
      model: quote.entry,
      source: quote.source,
      usd: quote.card,
    }));
    printJson(terminal, shown);
    return EXIT.ok;
  }
  const rows = quotes.map(({ provider, quote: { entry, source, card } }) => {
    const cells = [card.input, card.cacheRead, card.cacheWrite, card.output].map((rate) => shownRate(rate, 1e6));
    return [provider, entry, ...cells, source];
  });
  printTable(terminal, ["PROVIDER", "MODEL", "INPUT", "CACHE READ", "CACHE WRITE", "OUTPUT", "SOURCE"], rows);
  info(terminal, `list prices of ${prices.version}; what calls cost by them is an estimate`);
  return EXIT.ok;
}
