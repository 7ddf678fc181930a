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

Prices are US dollars per million tokens, stored in pricing.overrides_path. A running gateway uses them for new requests;
lmgate reprice applies them to recorded ones.`;

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
    .summary("set or remove a price override")
    .description("Set or remove a price override for a model at a provider.")
    .argument("<provider>", "name of the provider in the configuration")
    .argument("<model>", "name of the model, as in records")
    .addOption(price("--input <usd>", "price of 1M input tokens"))
    .addOption(price("--output <usd>", "price of 1M output tokens"))
    .addOption(price("--cache-read <usd>", "price of 1M input tokens read from a cache (default: --input)"))
    .addOption(price("--cache-write <usd>", "price of 1M input tokens written to a cache (default: --input)"))
    .option("--remove", "remove the override")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action(async (provider: string, model: string, options: OverrideOptions) => {
      finish(await override(terminal, { provider, model }, options));
    });
}

interface ModelOfProvider {
  readonly provider: string;
  readonly model: string;
}

async function override(terminal: Terminal, target: ModelOfProvider, options: OverrideOptions): Promise<number> {
  const price = priceOf(options);
  if (price === "invalid") {
    info(terminal, "use --input and --output, or --remove alone");
    return EXIT.usage;
  }
  try {
    const server = await findGateway(terminal, options);
    if (server === undefined) {
      const code = await overrideInFile(terminal, target, price, options);
      if (code !== EXIT.ok) return code;
    } else {
      const path = `/api/v1/prices/overrides/${encodeURIComponent(target.provider)}/${encodeURIComponent(target.model)}`;
      const request = price === undefined ? { method: "DELETE" } : { method: "PUT", body: price };
      (await requestApi(server, path, request)).resume();
    }
    const isInForce = server !== undefined;
    if (options.json === true) printJson(terminal, { ...target, price: price ?? null, inForce: isInForce });
    else terminal.stdout.write(`${overrideText(target, price)}\n`);
    info(terminal, isInForce ? "in force for new requests" : "no gateway is running; in force at the next start");
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

function priceOf({ input, output, cacheRead, cacheWrite, remove }: OverrideOptions): Price | undefined | "invalid" {
  const hasAmounts = [input, output, cacheRead, cacheWrite].some((amount) => amount !== undefined);
  if (remove === true) return hasAmounts ? "invalid" : undefined;
  if (input === undefined || output === undefined) return "invalid";
  const cache = {
    ...(cacheRead === undefined ? {} : { cacheRead }),
    ...(cacheWrite === undefined ? {} : { cacheWrite }),
  };
  return { input, output, ...cache };
}

async function overrideInFile(
  terminal: Terminal,
  target: ModelOfProvider,
  price: Price | undefined,
  options: DataSourceOptions,
): Promise<number> {
  const loaded = loadCommandSettings(terminal, options);
  if (typeof loaded === "number") return loaded;
  const { pricing, providers } = loaded.settings;
  if (pricing.overridesPath === undefined) {
    info(terminal, "no file for price overrides: set pricing.overrides_path");
    return EXIT.invalid;
  }
  if (!providers.some(({ name }) => name === target.provider)) {
    info(
      terminal,
      `provider ${target.provider} is not configured; configured: ${providers.map(({ name }) => name).join(", ")}`,
    );
    return EXIT.notFound;
  }
  const edited = await editPriceOverride(pricing.overridesPath, target, price && pricesOf(price));
  if ("issues" in edited) return reportIssues(terminal, "price overrides", edited.issues);
  if (!("missing" in edited)) return EXIT.ok;
  info(terminal, `no price override for ${target.model} at ${target.provider}`);
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

function overrideText({ provider, model }: ModelOfProvider, price: Price | undefined): string {
  if (price === undefined) return `removed the price override of ${provider}/${model}`;
  return `${provider}/${model} costs $${price.input} per 1M input tokens, $${price.output} per 1M output tokens`;
}

function dollars(text: string): number {
  const amount = /^\d{1,7}(?:\.\d+)?$/.test(text) ? Number(text) : Infinity;
  if (amount > 1_000_000) throw new InvalidArgumentError("Use US dollars from 0 to 1000000.");
  return amount;
}
