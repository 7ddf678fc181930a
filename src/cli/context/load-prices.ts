import type { LoadedSettings } from "../../config/config.ts";
import { NO_OVERRIDES } from "../../core/price-overrides.ts";
import { loadPriceOverrides } from "../../prices/overrides-file.ts";
import { openPrices, type Prices } from "../../prices/prices.ts";
import { loadCommandSettings } from "./load-settings.ts";
import { type SettingsOptions } from "./settings-options.ts";
import { reportIssues, type ExitCode, type Terminal } from "./terminal.ts";

export interface CommandPrices {
  readonly prices: Prices;
  readonly loaded: LoadedSettings;
}

/** The prices that a gateway with these settings uses; an exit code, after the issues are printed, if they are invalid. */
export function loadCommandPrices(terminal: Terminal, options: SettingsOptions): CommandPrices | ExitCode {
  const loaded = loadCommandSettings(terminal, options);
  if (typeof loaded === "number") return loaded;
  const { pricing, providers } = loaded.settings;
  const { overridesPath } = pricing;
  const read = overridesPath === undefined ? { overrides: NO_OVERRIDES } : loadPriceOverrides(overridesPath);
  if ("issues" in read) return reportIssues(terminal, "price overrides", read.issues);
  const pricedProviders = providers.map(({ name, upstream }) => ({ name, host: upstream.host }));
  return { prices: openPrices({ overrides: read.overrides, providers: pricedProviders }), loaded };
}
