/**
 * Who is where: the providers LMGate knows by name, as data. What they speak is decided by path, elsewhere;
 * nothing in this room is ever asked "which provider is this?" to choose behavior.
 */

export interface KnownProvider {
  /** Also the path prefix: `openai` serves `/openai/…`. */
  readonly name: string;
  /** Where its API lives; `undefined` where every customer has a host of their own. */
  readonly upstream: string | undefined;
  /** Served without being named in the configuration. */
  readonly onByDefault: boolean;
  /** Reports reasoning tokens beside its output counter instead of inside it. */
  readonly exclusiveReasoning: boolean;
}

const PROVIDERS: readonly KnownProvider[] = [
  row("openai", "https://api.openai.com/", { onByDefault: true }),
  row("anthropic", "https://api.anthropic.com/", { onByDefault: true }),
  // The global Vertex AI host: it serves `locations/global` and API-key mode. Regions get a name of their own.
  row("google", "https://aiplatform.googleapis.com/", { onByDefault: true, exclusiveReasoning: true }),
  row("gemini", "https://generativelanguage.googleapis.com/", { exclusiveReasoning: true }),
  row("openai-us", "https://us.api.openai.com/"),
  row("openai-eu", "https://eu.api.openai.com/"),
  row("openai-ae", "https://ae.api.openai.com/"),
  row("openai-au", "https://au.api.openai.com/"),
  row("openai-in", "https://in.api.openai.com/"),
  row("openai-jp", "https://jp.api.openai.com/"),
  row("azure", undefined),
  row("azure-anthropic", undefined),
  row("anthropic-aws", undefined),
  row("bedrock", undefined),
  row("bedrock-mantle", undefined),
  row("mistral", "https://api.mistral.ai/"),
  row("groq", "https://api.groq.com/"),
  row("deepseek", "https://api.deepseek.com/"),
  row("xai", "https://api.x.ai/", { exclusiveReasoning: true }),
  row("openrouter", "https://openrouter.ai/"),
  row("together", "https://api.together.ai/"),
  row("fireworks", "https://api.fireworks.ai/"),
  row("perplexity", "https://api.perplexity.ai/", { exclusiveReasoning: true }),
  row("cohere", "https://api.cohere.com/"),
  row("cerebras", "https://api.cerebras.ai/"),
  // Servers people run themselves; the usual port on this machine, for want of a better guess.
  row("ollama", "http://localhost:11434/"),
  row("vllm", "http://localhost:8000/"),
  row("lmstudio", "http://localhost:1234/"),
];

function row(
  name: string,
  upstream: string | undefined,
  marks: { readonly onByDefault?: boolean; readonly exclusiveReasoning?: boolean } = {},
): KnownProvider {
  const { onByDefault = false, exclusiveReasoning = false } = marks;
  return Object.freeze({ name, upstream, onByDefault, exclusiveReasoning });
}

export function knownProviders(): readonly KnownProvider[] {
  return PROVIDERS;
}

export function findProvider(name: string): KnownProvider | undefined {
  return PROVIDERS.find((provider) => provider.name === name);
}

/** First path segments that LMGate answers itself on the client port. */
const OWN_PATHS: readonly string[] = ["healthz", "livez", "readyz"];

/** Why `name` cannot be a path prefix; `undefined` when it can. */
export function providerNameIssue(name: string): string | undefined {
  if (OWN_PATHS.includes(name)) return `/${name} is answered by LMGate itself`;
  if (name.length > 64) return "longer than 64 characters";
  if (!/^[a-z0-9][a-z0-9_.-]*$/.test(name)) {
    return "allowed are a-z, 0-9, '-', '_' and '.', beginning with a letter or a digit";
  }
  return undefined;
}

/** Which provider a path that lacks its prefix was probably meant for. First match wins. */
const LEFT_PATHS: readonly { readonly pattern: RegExp; readonly providers: readonly string[] }[] = [
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
 * What the caller of an unroutable path should have written, as a path: `/v1/messages` → `/anthropic/v1/messages`.
 * Only providers in `enabled` are proposed. `undefined` when there is no honest guess.
 */
export function suggestPrefix(path: string, enabled: readonly string[]): string | undefined {
  const plain = path.split("?", 1)[0] ?? "";
  const [, first = ""] = plain.split("/", 2);
  const wrongCase = first.toLowerCase();
  if (first !== wrongCase && enabled.includes(wrongCase)) return `/${wrongCase}${plain.slice(first.length + 1)}`;
  if (enabled.includes(first)) return mendVersion(first, plain.slice(first.length + 1));

  const left = plain.replace(/^\/v1(?=\/v1\/)/, "");
  for (const { pattern, providers } of LEFT_PATHS) {
    if (!pattern.test(left)) continue;
    const provider = providers.find((name) => enabled.includes(name));
    if (provider !== undefined) return mendVersion(provider, left) ?? `/${provider}${left}`;
  }
  return undefined;
}

/**
 * Base URLs with and without `/v1` are told apart by nobody but the SDK that wants the one or the other, so the two
 * usual slips are a version written twice and one left out.
 */
function mendVersion(provider: string, left: string): string | undefined {
  if (left.startsWith("/v1/v1/")) return `/${provider}${left.slice(3)}`;
  if (provider === "anthropic" && /^\/messages(?:\/|$)/.test(left)) return `/anthropic/v1${left}`;
  if (provider === "openai" && /^\/(?:chat\/completions|responses|embeddings|completions|models)(?:\/|$)/.test(left)) {
    return `/openai/v1${left}`;
  }
  return undefined;
}
