import { findProvider, findProviderByHost, knownProviders } from "../providers/index.ts";

// Maps a configured provider to its provider in the price table, and model names to their spellings there. The rows of the
// providers have the ids, and the table has the prices.

/** A configured provider. Its host identifies it where the operator chose another name. */
export interface PricedProvider {
  readonly name: string;
  readonly host: string;
}

/** The providers of the table that are used. */
export const TABLE_PROVIDERS: readonly string[] = [
  ...new Set(knownProviders().flatMap(({ priceTableId }) => priceTableId ?? [])),
];

/** The table's id for a provider; `undefined` for a server without published prices. */
export function tableProviderOf({ name, host }: PricedProvider): string | undefined {
  return findProvider(name)?.priceTableId ?? findProviderByHost(host)?.priceTableId;
}

/** Spellings of a model name, best first: as it was sent, then without the parts that only name its location. */
export function spellingsOf(tableProvider: string, model: string): readonly string[] {
  const spellings = [model];
  const add = (spelling: string): void => {
    if (spelling !== "" && !spellings.includes(spelling)) spellings.push(spelling);
  };
  // models/gemini-x, projects/p/…/models/gemini-x, publishers/anthropic/models/claude-x. An ARN ends in the model's id.
  const start = model.lastIndexOf("models/");
  if (start >= 0) add(model.slice(start + "models/".length));
  if (model.startsWith("arn:")) add(model.slice(model.lastIndexOf("/") + 1));
  // Vertex's OpenAI-compatible API: google/gemini-x.
  if (tableProvider === "google") add(model.slice(model.lastIndexOf("/") + 1));
  // Bedrock's inference profiles name a region before the model.
  if (tableProvider === "aws") for (const spelling of spellings.slice()) add(spelling.replace(REGION, ""));
  return spellings;
}

const REGION = /^(?:us|eu|apac|au|jp|ca|global|us-gov)\./;
