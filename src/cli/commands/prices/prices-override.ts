import { Command, InvalidArgumentError, Option } from "commander";
import type { OverridePrices } from "../../../core/price-overrides.ts";
import { editPriceOverride } from "../../../prices/overrides-edit.ts";
import { requestApi } from "../../query/api-client.ts";
import { addServerOptions, reportError, findGateway, type DataSourceOptions } from "../../query/data-source.ts";
import { loadCommandSettings } from "../../context/load-settings.ts";
import { EXIT, printJson, reportIssues, info, type Terminal } from "../../context/terminal.ts";

const EXAMPLES = `
Examples:
  lmgate prices override openai gpt-5.5-mini --input 0.25 --output 2
  lmgate prices override local llama-4 --input 0 --output 0
  lmgate prices override openai gpt-5.5-mini --remove

US dollars for a million tokens, written to the file of pricing.overrides_path. A running gateway prices calls by it from
then on; lmgate reprice does so for those before.`;

interface OverrideOptions extends DataSourceOptions {
  readonly input?: number;
  readonly output?: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
  readonly remove?: boolean;
  readonly json?: boolean;
}

export function overridePriceCommand(terminal: Terminal, finish: (code: number) => void): Command {
  const price = (flags: string, text: string): Option => new Option(flags, text).argParser(dollars);
  return addServerOptions(new Command("override"))
    .summary("set a price of your own, or take it back")
    .description("Set a price of your own for a model at a provider, or take it back.")
    .argument("<provider>", "as it is configured")
    .argument("<model>", "its name, as records have it")
    .addOption(price("--input <usd>", "a million input tokens"))
    .addOption(price("--output <usd>", "a million output tokens"))
    .addOption(price("--cache-read <usd>", "a million input tokens read from a cache (default: as --input)"))
    .addOption(price("--cache-write <usd>", "a million input tokens written to a cache (default: as --input)"))
    .option("--remove", "take the price back")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action(async (provider: string, model: string, options: OverrideOptions) => {
      finish(await override(terminal, { provider, model }, options));
    });
}

interface Place {
  readonly provider: string;
  readonly model: string;
}

async function override(terminal: Terminal, place: Place, options: OverrideOptions): Promise<number> {
  const price = priceOf(options);
  if (price === "misuse") {
    info(terminal, "give --input and --output, or --remove alone");
    return EXIT.usage;
  }
  try {
    const server = await findGateway(terminal, options);
    if (server === undefined) {
      const code = inFile(terminal, place, price, options);
      if (code !== EXIT.ok) return code;
    } else {
      const path = `/api/v1/prices/overrides/${encodeURIComponent(place.provider)}/${encodeURIComponent(place.model)}`;
      const request = price === undefined ? { method: "DELETE" } : { method: "PUT", body: price };
      (await requestApi(server, path, request)).resume();
    }
    const isInForce = server !== undefined;
    if (options.json === true) printJson(terminal, { ...place, price: price ?? null, inForce: isInForce });
    else terminal.stdout.write(`${told(place, price)}\n`);
    info(terminal, isInForce ? "in force for calls from now on" : "no gateway is running; the next one goes by it");
    return EXIT.ok;
  } catch (error) {
    return reportError(terminal, error);
  }
}

interface Price {
  readonly input: number;
  readonly output: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
}

function priceOf({ input, output, cacheRead, cacheWrite, remove }: OverrideOptions): Price | undefined | "misuse" {
  const given = [input, output, cacheRead, cacheWrite].some((amount) => amount !== undefined);
  if (remove === true) return given ? "misuse" : undefined;
  if (input === undefined || output === undefined) return "misuse";
  const cache = {
    ...(cacheRead === undefined ? {} : { cacheRead }),
    ...(cacheWrite === undefined ? {} : { cacheWrite }),
  };
  return { input, output, ...cache };
}

function inFile(terminal: Terminal, place: Place, price: Price | undefined, options: DataSourceOptions): number {
  const loaded = loadCommandSettings(terminal, options);
  if (typeof loaded === "number") return loaded;
  const { pricing, providers } = loaded.settings;
  if (pricing.overridesPath === undefined) {
    info(terminal, "there is no file for prices of your own: set pricing.overrides_path");
    return EXIT.invalid;
  }
  if (!providers.some(({ name }) => name === place.provider)) {
    info(terminal, `${place.provider} is not configured; there are ${providers.map(({ name }) => name).join(", ")}`);
    return EXIT.notFound;
  }
  const edited = editPriceOverride(pricing.overridesPath, place, price && pricesOf(price));
  if ("faults" in edited) return reportIssues(terminal, "price overrides", edited.faults);
  if (!("missing" in edited)) return EXIT.ok;
  info(terminal, `there is no price of your own for ${place.model} at ${place.provider}`);
  return EXIT.notFound;
}

function pricesOf({ input, output, cacheRead, cacheWrite }: Price): OverridePrices {
  return {
    input,
    output,
    ...(cacheRead === undefined ? {} : { cache_read: cacheRead }),
    ...(cacheWrite === undefined ? {} : { cache_write: cacheWrite }),
  };
}

function told({ provider, model }: Place, price: Price | undefined): string {
  if (price === undefined) return `${provider}/${model} has no price of your own any more`;
  return `${provider}/${model} costs $${price.input} for a million input tokens, $${price.output} for a million output tokens`;
}

function dollars(text: string): number {
  const amount = /^\d{1,7}(?:\.\d+)?$/.test(text) ? Number(text) : Infinity;
  if (amount > 1_000_000) throw new InvalidArgumentError("Allowed are US dollars from 0 to 1000000.");
  return amount;
}
