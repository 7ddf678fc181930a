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

/** Prices as the admin API shows and changes them. The table is loaded when somebody first asks, for it is large. */
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
      const book = await prices();
      const dates = { table: book.version, override: changedOn(path) ?? book.version };
      return names.flatMap((name) =>
        book.list(name, Date.now()).map((quote) => rowOf(name, quote, dates[quote.source])),
      );
    },
    override: async (provider, model, price) => {
      if (path === undefined) {
        throw new ApiError(409, "There is no file for prices of your own: set pricing.overrides_path and start again.");
      }
      if (!settings.providers.some(({ name }) => name === provider)) {
        throw new ApiError(404, "No provider of this name is configured.");
      }
      const entry: OverridePrices | undefined = price && {
        input: price.input,
        output: price.output,
        ...(price.cacheRead === undefined ? {} : { cache_read: price.cacheRead }),
        ...(price.cacheWrite === undefined ? {} : { cache_write: price.cacheWrite }),
      };
      const read = editPriceOverride(path, { provider, model }, entry);
      if ("missing" in read) throw new ApiError(404, "There is no price of your own for this model at this provider.");
      if ("issues" in read) {
        const errors = formatIssues(read.issues).map((message) => ({ where: "overrides", message }));
        throw new ApiError(422, "The prices would not be valid with this change; nothing was written.", errors);
      }
      loaded = undefined;
      onChange(read.overrides);
    },
  };
}

/** Of one's own prices no more is known than when their file was last changed. */
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

/** Where the price has steps by the size of the input, that of the first; without what binary fractions add. */
function perMillionTokens(rate: UnitPrice | undefined): number | null {
  if (rate === undefined) return null;
  const usd = typeof rate === "number" ? rate : rate.base;
  return Number((usd * 1e6).toPrecision(10));
}
