// The providers that LMGate knows by name, as data. The dialect of a response is chosen by its path, in `usage`; no code
// switches on a provider's name.

export interface KnownProvider {
  /** Also the path prefix: `openai` serves `/openai/…`. */
  readonly name: string;
  /** The URL of its API; `undefined` if each customer has a host of their own. */
  readonly upstream: string | undefined;
  /** Enabled without being named in the configuration. */
  readonly onByDefault: boolean;
  /** Does not include reasoning tokens in its output counter. */
  readonly exclusiveReasoning: boolean;
  /** Its id in the price table; `undefined` if it publishes no prices, or if its hosts lead to another row. */
  readonly priceTableId: string | undefined;
  /** Hosts of its API; `undefined` if that of `upstream` is the only one. */
  readonly hosts: RegExp | undefined;
}

const PROVIDERS: readonly KnownProvider[] = [
  row("openai", "https://api.openai.com/", {
    onByDefault: true,
    priceTableId: "openai",
    hosts: /(?:^|\.)api\.openai\.com$/,
  }),
  row("anthropic", "https://api.anthropic.com/", { onByDefault: true, priceTableId: "anthropic" }),
  // The global Vertex AI host serves `locations/global` and API keys. Operators configure regional hosts by another name.
  row("google", "https://aiplatform.googleapis.com/", {
    onByDefault: true,
    exclusiveReasoning: true,
    priceTableId: "google",
    hosts: /(?:^|[-.])aiplatform\.(?:\w+\.rep\.)?googleapis\.com$/,
  }),
  row("gemini", "https://generativelanguage.googleapis.com/", { exclusiveReasoning: true, priceTableId: "google" }),
  row("openai-us", "https://us.api.openai.com/"),
  row("openai-eu", "https://eu.api.openai.com/"),
  row("openai-ae", "https://ae.api.openai.com/"),
  row("openai-au", "https://au.api.openai.com/"),
  row("openai-in", "https://in.api.openai.com/"),
  row("openai-jp", "https://jp.api.openai.com/"),
  row("azure", undefined, {
    priceTableId: "azure",
    hosts: /\.(?:openai|services\.ai)\.azure\.com$|\.cognitiveservices\.azure\.com$/,
  }),
  row("azure-anthropic", undefined, { priceTableId: "azure" }),
  row("anthropic-aws", undefined, { priceTableId: "anthropic", hosts: /^aws-external-anthropic\./ }),
  row("bedrock", undefined, { priceTableId: "aws", hosts: /^bedrock-runtime(?:-fips)?\./ }),
  row("bedrock-mantle", undefined, { priceTableId: "aws", hosts: /^bedrock-mantle(?:-fips)?\./ }),
  row("mistral", "https://api.mistral.ai/", { priceTableId: "mistral", hosts: /^api(?:\.\w+)?\.mistral\.ai$/ }),
  row("groq", "https://api.groq.com/", { priceTableId: "groq" }),
  row("deepseek", "https://api.deepseek.com/", { priceTableId: "deepseek" }),
  row("xai", "https://api.x.ai/", { exclusiveReasoning: true, priceTableId: "x-ai" }),
  row("openrouter", "https://openrouter.ai/", { priceTableId: "openrouter" }),
  row("together", "https://api.together.ai/", { priceTableId: "together", hosts: /^api\.together\.(?:ai|xyz)$/ }),
  row("fireworks", "https://api.fireworks.ai/", { priceTableId: "fireworks" }),
  row("perplexity", "https://api.perplexity.ai/", { exclusiveReasoning: true, priceTableId: "perplexity" }),
  row("cohere", "https://api.cohere.com/", { priceTableId: "cohere", hosts: /^api\.cohere\.(?:com|ai)$/ }),
  row("cerebras", "https://api.cerebras.ai/", { priceTableId: "cerebras" }),
  // Self-hosted servers, at their usual port on this machine.
  row("ollama", "http://localhost:11434/"),
  row("vllm", "http://localhost:8000/"),
  row("lmstudio", "http://localhost:1234/"),
];

function row(
  name: string,
  upstream: string | undefined,
  more: Partial<Omit<KnownProvider, "name" | "upstream">> = {},
): KnownProvider {
  const { onByDefault = false, exclusiveReasoning = false, priceTableId, hosts } = more;
  return Object.freeze({ name, upstream, onByDefault, exclusiveReasoning, priceTableId, hosts });
}

export function knownProviders(): readonly KnownProvider[] {
  return PROVIDERS;
}

export function findProvider(name: string): KnownProvider | undefined {
  return PROVIDERS.find((provider) => provider.name === name);
}

/** The first provider whose API is at `host`. */
export function findProviderByHost(host: string): KnownProvider | undefined {
  return PROVIDERS.find(({ hosts, upstream }) => {
    if (hosts !== undefined) return hosts.test(host);
    return upstream !== undefined && new URL(upstream).hostname === host;
  });
}

/** First path segments that LMGate serves itself on the client port. */
const RESERVED_NAMES: readonly string[] = ["healthz", "livez", "readyz"];

/** Returns why `name` cannot be a path prefix, or `undefined` if it can. */
export function providerNameIssue(name: string): string | undefined {
  if (RESERVED_NAMES.includes(name)) return `LMGate serves /${name} itself`;
  if (name.length > 64) return "longer than 64 characters";
  if (!/^[a-z0-9][a-z0-9_.-]*$/.test(name)) {
    return "allowed are a-z, 0-9, '-', '_' and '.', beginning with a letter or a digit";
  }
  return undefined;
}

/** Providers that a path without a prefix was probably meant for. The first match wins. */
const UNPREFIXED_PATHS: readonly { readonly pattern: RegExp; readonly providers: readonly string[] }[] = [
  { pattern: /^(?:\/v1)?\/messages(?:\/|$)/, providers: ["anthropic"] },
  { pattern: /^\/v1(?:beta1)?\/(?:projects|publishers)\//, providers: ["google"] },
  { pattern: /^\/v1(?:beta|alpha)\/openai\//, providers: ["gemini"] },
  {
    pattern: /^\/v1(?:beta|alpha)?\/(?:models|tunedModels|files|cachedContents)\/[^/]*:/,
    providers: ["gemini", "google"],
  },
  { pattern: /^\/v1(?:beta|alpha)\//, providers: ["gemini", "google"] },
  {
    pattern: /:(?:generateContent|streamGenerateContent|countTokens|embedContent|rawPredict|streamRawPredict|predict)$/,
    providers: ["google", "gemini"],
  },
  { pattern: /^\/openai\/deployments\//, providers: ["azure"] },
  { pattern: /^\/model\/[^/]+\/(?:converse|invoke)/, providers: ["bedrock"] },
  { pattern: /^\/v2\/(?:chat|embed|rerank)$/, providers: ["cohere"] },
  { pattern: /^\/api\/(?:chat|generate|embed|tags)$/, providers: ["ollama"] },
  { pattern: /^\/inference\/v1\//, providers: ["fireworks"] },
  {
    pattern:
      /^(?:\/v1)?\/(?:chat\/completions|completions|responses|embeddings|models|files|batches|images|audio|moderations|realtime|assistants|threads|vector_stores|fine_tuning|uploads)(?:\/|$)/,
    providers: ["openai"],
  },
];

/**
 * Suggests the path that the client probably meant: `/v1/messages` → `/anthropic/v1/messages`. Suggests only providers
 * in `enabled`. Returns `undefined` if there is no good guess.
 */
export function suggestPrefix(path: string, enabled: readonly string[]): string | undefined {
  const pathname = path.split("?", 1)[0] ?? "";
  const [, first = ""] = pathname.split("/", 2);
  const lowerCase = first.toLowerCase();
  if (first !== lowerCase && enabled.includes(lowerCase)) return `/${lowerCase}${pathname.slice(first.length + 1)}`;
  if (enabled.includes(first)) return correctVersion(first, pathname.slice(first.length + 1));

  const unprefixed = pathname.replace(/^\/v1(?=\/v1\/)/, "");
  for (const { pattern, providers } of UNPREFIXED_PATHS) {
    if (!pattern.test(unprefixed)) continue;
    const provider = providers.find((name) => enabled.includes(name));
    if (provider !== undefined) return correctVersion(provider, unprefixed) ?? `/${provider}${unprefixed}`;
  }
  return undefined;
}

/** Corrects a version that is repeated or missing: some SDKs expect `/v1` in their base URL, and others add it. */
function correctVersion(provider: string, unprefixed: string): string | undefined {
  if (unprefixed.startsWith("/v1/v1/")) return `/${provider}${unprefixed.slice(3)}`;
  if (provider === "anthropic" && /^\/messages(?:\/|$)/.test(unprefixed)) return `/anthropic/v1${unprefixed}`;
  if (
    provider === "openai" &&
    /^\/(?:chat\/completions|responses|embeddings|completions|models)(?:\/|$)/.test(unprefixed)
  ) {
    return `/openai/v1${unprefixed}`;
  }
  return undefined;
}
