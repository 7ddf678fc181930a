import { statSync } from "node:fs";
import { ApiError } from "../admin/server/problem.ts";
import type { PriceRow } from "../admin/api/contract.ts";
import type { PriceService } from "../admin/api/admin-services.ts";
import { NO_OVERRIDES, type OverridePrices, type PriceOverrides } from "../core/price-overrides.ts";
import type { Settings } from "../config/settings.ts";
import { formatIssues } from "../config/config-issue.ts";
import { editPriceOverride } from "../prices/overrides-edit.ts";
import { loadPriceOverrides } from "../prices/overrides-file.ts";
import type { Prices, Quote } from "../prices/prices.ts";
import type { UnitPrice } from "../prices/model-prices.ts";

/** Prices for the admin API. The table is large, so it is loaded with the first request. */
export function openPriceService(settings: Settings, onChange: (overrides: PriceOverrides) => void): PriceService {
  const path = settings.pricing.overridesPath;
  let loaded: Promise<Prices> | undefined;
  const prices = (): Promise<Prices> => {
    loaded ??= loadPrices(settings).catch((error: unknown) => {
      loaded = undefined;
      throw error;
    });
    return loaded;
  };
  return {
    list: async (provider) => {
      const names = settings.providers
        .map(({ name }) => name)
        .filter((name) => provider === undefined || name === provider);
      const table = await prices();
      const dates = { table: table.version, override: changedOn(path) ?? table.version };
      return names.flatMap((name) =>
        table.list(name, Date.now()).map((quote) => rowOf(name, quote, dates[quote.source])),
      );
    },
    override: async (provider, model, price) => {
      if (path === undefined) {
        throw new ApiError(
          409,
          "No file for your own prices is configured. Set pricing.overrides_path and restart LMGate.",
        );
      }
      if (!settings.providers.some(({ name }) => name === provider)) {
        throw new ApiError(404, "No provider with this name is configured.");
      }
      const entry: OverridePrices | undefined = price && {
        input: price.input,
        output: price.output,
        ...(price.cacheRead === undefined ? {} : { cache_read: price.cacheRead }),
        ...(price.cacheWrite === undefined ? {} : { cache_write: price.cacheWrite }),
      };
      const read = await editPriceOverride(path, { provider, model }, entry);
      if ("missing" in read) throw new ApiError(404, "You have not set a price for this model at this provider.");
      if ("issues" in read) {
        const errors = formatIssues(read.issues).map((message) => ({ where: "overrides", message }));
        throw new ApiError(422, "This change would make the prices invalid. Nothing was written.", errors);
      }
      loaded = undefined;
      onChange(read.overrides);
    },
  };
}

/** Price overrides have no version, so the file's modification time stands for it. */
function changedOn(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  return statSync(path, { throwIfNoEntry: false })?.mtime.toISOString();
}

async function loadPrices({ pricing, providers }: Settings): Promise<Prices> {
  const { openPrices } = await import("../prices/prices.ts");
  const read =
    pricing.overridesPath === undefined ? { overrides: NO_OVERRIDES } : loadPriceOverrides(pricing.overridesPath);
  const overrides = "issues" in read ? NO_OVERRIDES : read.overrides;
  return openPrices({ overrides, providers: providers.map(({ name, upstream }) => ({ name, host: upstream.host })) });
}

function rowOf(provider: string, { entry, source, prices }: Quote, asOf: string): PriceRow {
  return {
    provider,
    model: entry,
    source,
    input: perMillionTokens(prices.input),
    cacheRead: perMillionTokens(prices.cacheRead),
    cacheWrite: perMillionTokens(prices.cacheWrite),
    output: perMillionTokens(prices.output),
    asOf,
  };
}

/** US dollars for a million tokens, rounded to hide binary fractions. A price with steps by input size shows its first step. */
function perMillionTokens(price: UnitPrice | undefined): number | null {
  if (price === undefined) return null;
  const usd = typeof price === "number" ? price : price.base;
  return Number((usd * 1e6).toPrecision(10));
}
