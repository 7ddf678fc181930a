import { Command } from "commander";
import { rateRows } from "./price-cells.ts";
import { loadCommandPrices } from "../../context/load-prices.ts";
import { addConfigOption, type SettingsOptions } from "../../context/settings-options.ts";
import { printTable } from "../../output/print-table.ts";
import { EXIT, printJson, info, type Terminal } from "../../context/terminal.ts";

const EXAMPLES = `
Examples:
  lmgate prices get gpt-4o
  lmgate prices get claude-sonnet-4-5 --provider bedrock

Exit code 6 if no configured provider has a price for the model.`;

export function getPriceCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addConfigOption(new Command("get"))
    .summary("show the prices of one model")
    .description("Show the prices of one model at each configured provider, in US dollars.")
    .argument("<model>", "name of the model, as in records")
    .option("--provider <name>", "only this provider")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action((model: string, options: SettingsOptions & { readonly provider?: string }) => {
      finish(get(terminal, model, options));
    });
}

function get(terminal: Terminal, model: string, options: SettingsOptions & { readonly provider?: string }): number {
  const commandPrices = loadCommandPrices(terminal, options);
  if (typeof commandPrices === "number") return commandPrices;
  const { prices, loaded } = commandPrices;
  const names = loaded.settings.providers.map(({ name }) => name).filter((name) => name === (options.provider ?? name));
  const now = Date.now();
  const quotes = names.flatMap((provider) => {
    const quote = prices.quote(provider, model, now);
    return quote === undefined ? [] : [{ provider, ...quote }];
  });
  if ("json" in options) {
    printJson(
      terminal,
      quotes.map(({ provider, source, entry, prices }) => ({ provider, model, entry, source, usd: prices })),
    );
  } else if (quotes.length > 0) {
    const rows = quotes.flatMap(({ provider, source, entry, prices }) =>
      rateRows(prices).map(([what, usd]) => [provider, entry, what, usd, source]),
    );
    printTable(terminal, ["PROVIDER", "MODEL", "PRICE OF A", "USD", "SOURCE"], rows);
  }
  if (quotes.length > 0) return EXIT.ok;
  info(terminal, `no price for ${model}; set one with lmgate prices override`);
  return EXIT.notFound;
}
