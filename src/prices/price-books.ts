/**
 * Under which provider of the price table a provider of the configuration is found, and how its models are spelled
 * there. Data and spelling only; which model costs what is the table's business.
 */

/** What is needed to know a provider: its name, and where it is for one with a name of the operator's own. */
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

const BY_HOST: readonly (readonly [pattern: RegExp, book: string])[] = [
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

/** Every provider of the table that one of ours can be. */
export const PRICE_BOOKS: readonly string[] = [...new Set(BY_NAME.values())];

/** The table's id for a provider; `undefined` for servers that nobody publishes prices of. */
export function priceBookOf({ name, host }: PricedProvider): string | undefined {
  return BY_NAME.get(name) ?? BY_HOST.find(([pattern]) => pattern.test(host))?.[1];
}

/** Spellings of one model, the best first: as it was sent, then without what only says where it is. */
export function spellingsOf(book: string, model: string): readonly string[] {
  const spellings = [model];
  const add = (spelling: string): void => {
    if (spelling !== "" && !spellings.includes(spelling)) spellings.push(spelling);
  };
  // models/gemini-x, projects/p/…/models/gemini-x, publishers/anthropic/models/claude-x; an ARN ends in the model's id.
  const place = model.lastIndexOf("models/");
  if (place >= 0) add(model.slice(place + "models/".length));
  if (model.startsWith("arn:")) add(model.slice(model.lastIndexOf("/") + 1));
  // Vertex's OpenAI surface: google/gemini-x.
  if (book === "google") add(model.slice(model.lastIndexOf("/") + 1));
  // The same model through any region's door.
  if (book === "aws") for (const spelling of spellings.slice()) add(spelling.replace(REGION, ""));
  return spellings;
}

const REGION = /^(?:us|eu|apac|au|jp|ca|global|us-gov)\./;
