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

/** The prices a gateway with these settings would use; the exit code, with everything said, when they are not valid. */
export function loadCommandPrices(terminal: Terminal, options: SettingsOptions): CommandPrices | ExitCode {
  const loaded = loadCommandSettings(terminal, options);
  if (typeof loaded === "number") return loaded;
  const { pricing, providers } = loaded.settings;
  const { overridesPath } = pricing;
  const own = overridesPath === undefined ? { overrides: NO_OVERRIDES } : loadPriceOverrides(overridesPath);
  if ("faults" in own) return reportIssues(terminal, "price overrides", own.faults);
  const priced = providers.map(({ name, upstream }) => ({ name, host: upstream.host }));
  return { prices: openPrices({ overrides: own.overrides, providers: priced }), loaded };
}
