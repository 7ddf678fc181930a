import { Command } from "commander";
import { getPriceCommand } from "./prices-get.ts";
import { listPricesCommand } from "./prices-list.ts";
import { overridePriceCommand } from "./prices-override.ts";
import { unpricedCommand } from "./prices-unpriced.ts";
import type { Terminal } from "../../context/terminal.ts";

const EXAMPLES = `
Examples:
  lmgate prices list --provider openai
  lmgate prices get gpt-4o
  lmgate prices unpriced
  lmgate prices override openai gpt-5.5-mini --input 0.25 --output 2

Prices are list prices, built in and of your own (pricing.overrides_path); what calls cost by them is an estimate.`;

export function pricesCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return new Command("prices")
    .description("Show what models cost and which have no price, and set prices of your own.")
    .helpCommand(false)
    .addCommand(listPricesCommand(terminal, finish))
    .addCommand(getPriceCommand(terminal, finish))
    .addCommand(overridePriceCommand(terminal, finish))
    .addCommand(unpricedCommand(terminal, finish))
    .addHelpText("after", EXAMPLES);
}
