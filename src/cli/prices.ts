import { Command } from "commander";
import { getPriceCommand } from "./prices-get.ts";
import { listPricesCommand } from "./prices-list.ts";
import { unpricedCommand } from "./prices-unpriced.ts";
import type { Terminal } from "./terminal.ts";

const EXAMPLES = `
Examples:
  lmgate prices list --provider openai
  lmgate prices get gpt-4o
  lmgate prices unpriced

Prices are list prices, built in and of your own (pricing.overrides_path); what calls cost by them is an estimate.`;

export function pricesCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return new Command("prices")
    .description("Show what models cost, and which have no price.")
    .helpCommand(false)
    .addCommand(listPricesCommand(terminal, finish))
    .addCommand(getPriceCommand(terminal, finish))
    .addCommand(unpricedCommand(terminal, finish))
    .addHelpText("after", EXAMPLES);
}
