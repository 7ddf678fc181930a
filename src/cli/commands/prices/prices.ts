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

Prices are built-in list prices and your overrides (pricing.overrides_path). Costs computed from them are estimates.`;

export function pricesCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return new Command("prices")
    .description("Show prices of models, find models without a price, and override prices.")
    .helpCommand(false)
    .addCommand(listPricesCommand(terminal, finish))
    .addCommand(getPriceCommand(terminal, finish))
    .addCommand(overridePriceCommand(terminal, finish))
    .addCommand(unpricedCommand(terminal, finish))
    .addHelpText("after", EXAMPLES);
}
