// Maps a configured provider to its provider in the price table, and model names to their spellings there. The prices
// themselves are in the table.

/** A configured provider. Its host identifies it where the operator chose another name. */
export interface PricedProvider {
  readonly name: string;
  readonly host: string;
}

const BY_NAME: ReadonlyMap<string, string> = new Map([
  ["openai", "openai"],
  ["azure", "azure"],
  ["azure-anthropic", "azure"],
  ["anthropic", "anthropic"],
  ["anthropic-aws", "anthropic"],
  ["google", "google"],
  ["gemini", "google"],
  ["bedrock", "aws"],
  ["bedrock-mantle", "aws"],
  ["mistral", "mistral"],
  ["groq", "groq"],
  ["deepseek", "deepseek"],
  ["xai", "x-ai"],
  ["openrouter", "openrouter"],
  ["together", "together"],
  ["fireworks", "fireworks"],
  ["perplexity", "perplexity"],
  ["cohere", "cohere"],
  ["cerebras", "cerebras"],
]);

const BY_HOST: readonly (readonly [pattern: RegExp, tableProvider: string])[] = [
  [/(?:^|\.)api\.openai\.com$/, "openai"],
  [/\.(?:openai|services\.ai)\.azure\.com$|\.cognitiveservices\.azure\.com$/, "azure"],
  [/^api\.anthropic\.com$|^aws-external-anthropic\./, "anthropic"],
  [/(?:^|[-.])aiplatform\.(?:\w+\.rep\.)?googleapis\.com$|^generativelanguage\.googleapis\.com$/, "google"],
  [/^bedrock-(?:runtime|mantle)(?:-fips)?\./, "aws"],
  [/^api(?:\.\w+)?\.mistral\.ai$/, "mistral"],
  [/^api\.groq\.com$/, "groq"],
  [/^api\.deepseek\.com$/, "deepseek"],
  [/^api\.x\.ai$/, "x-ai"],
  [/^openrouter\.ai$/, "openrouter"],
  [/^api\.together\.(?:ai|xyz)$/, "together"],
  [/^api\.fireworks\.ai$/, "fireworks"],
  [/^api\.perplexity\.ai$/, "perplexity"],
  [/^api\.cohere\.(?:com|ai)$/, "cohere"],
  [/^api\.cerebras\.ai$/, "cerebras"],
];

/** The providers of the table that are used. */
export const TABLE_PROVIDERS: readonly string[] = [...new Set(BY_NAME.values())];

/** The table's id for a provider; `undefined` for a server without published prices. */
export function tableProviderOf({ name, host }: PricedProvider): string | undefined {
  return BY_NAME.get(name) ?? BY_HOST.find(([pattern]) => pattern.test(host))?.[1];
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
