// Converts the list prices of @pydantic/genai-prices into LMGate's price table. The package is 800 KB of code, which takes
// 12 MB when loaded, although LMGate needs only the rows of the configured providers.
import { readFileSync } from "node:fs";
import { calcPrice, waitForUpdate, type ModelPrice, type Provider } from "@pydantic/genai-prices";
import { TABLE_PROVIDERS } from "../src/prices/table-provider.ts";
import type { TableModel } from "../src/prices/table-row.ts";

const LICENSE =
  "data of github.com/pydantic/genai-prices, MIT License, Copyright (c) Pydantic Services Inc. 2025 to present";

/** Stores the models of each provider as a string, so that only those of configured providers are parsed. */
export async function priceTable(): Promise<string> {
  const all = (await waitForUpdate()) ?? [];
  const providers: Record<string, string> = {};
  for (const id of TABLE_PROVIDERS) {
    const provider = all.find((candidate) => candidate.id === id);
    if (provider === undefined) throw new Error(`the price table has no provider ${id}`);
    providers[id] = JSON.stringify(modelsOf(provider, all));
  }
  const manifest = new URL("../package.json", import.meta.resolve("@pydantic/genai-prices"));
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { readonly version: string }; // as: every npm package has a version
  return `${JSON.stringify({ version, license: LICENSE, providers }, undefined, 2)}\n`;
}

/** The provider's own models, then those of the providers that it falls back to. */
function modelsOf(provider: Provider, all: readonly Provider[]): readonly TableModel[] {
  const fallbacks = (provider.fallback_model_providers ?? []).flatMap(
    (id) => all.find((other) => other.id === id) ?? [],
  );
  const rows = (source: Provider): readonly TableModel[] =>
    source.models.map(({ id, match, prices }) => {
      const isSound = (price: ModelPrice): boolean => isConsistent(provider, id, price);
      const kept: TableModel["prices"] = Array.isArray(prices)
        ? prices.map((dated) => ({ ...dated, prices: isSound(dated.prices) ? dated.prices : {} }))
        : isSound(prices)
          ? prices
          : {};
      return { id, match, prices: kept };
    });
  return [provider, ...fallbacks].flatMap(rows);
}

/** False for contradictory prices, for which the package throws an error. */
function isConsistent(provider: Provider, id: string, prices: ModelPrice): boolean {
  try {
    calcPrice({}, id, { provider: { ...provider, models: [{ id, match: { equals: id }, prices }] } });
    return true;
  } catch {
    return false;
  }
}
