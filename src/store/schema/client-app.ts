// Families of user agents. A client may send any text, so an unknown one is "other".

/**
 * The beginning of the user agent in lower case, and its family. The first match counts, so longer beginnings come
 * first.
 */
const FAMILIES: readonly (readonly [start: string, app: string])[] = [
  ["claude-cli", "claude-cli"],
  ["codex", "codex"],
  ["geminicli", "gemini-cli"],
  ["asyncopenai/python", "openai-python"],
  ["openai/python", "openai-python"],
  ["asyncazureopenai/python", "openai-python"],
  ["azureopenai/python", "openai-python"],
  ["openai/js", "openai-js"],
  ["azureopenai/js", "openai-js"],
  ["openai/go", "openai-go"],
  ["openai/java", "openai-java"],
  ["asyncanthropic", "anthropic-python"],
  ["anthropicbedrock/python", "anthropic-python"],
  ["anthropic/python", "anthropic-python"],
  ["anthropic/js", "anthropic-js"],
  ["anthropic/go", "anthropic-go"],
  ["anthropic/java", "anthropic-java"],
  ["google-genai-sdk", "google-genai"],
  ["ai-sdk/", "ai-sdk"],
  ["ai/", "ai-sdk"],
  ["langchain", "langchain"],
  ["llama", "llamaindex"],
  ["litellm", "litellm"],
  ["cline", "cline"],
  ["roocode", "roo-code"],
  ["roo-code", "roo-code"],
  ["kilo-code", "kilo-code"],
  ["cursor", "cursor"],
  ["aider", "aider"],
  ["continue", "continue"],
  ["opencode", "opencode"],
  ["zed/", "zed"],
  ["n8n", "n8n"],
  ["openwebui", "open-webui"],
  ["open-webui", "open-webui"],
  ["cohere", "cohere"],
  ["mistral", "mistral"],
  ["groq", "groq"],
  ["ollama", "ollama"],
  ["boto", "aws-sdk"],
  ["aws-sdk", "aws-sdk"],
  ["curl/", "curl"],
  ["wget/", "wget"],
  ["httpie/", "httpie"],
  ["postmanruntime", "postman"],
  ["insomnia", "insomnia"],
  ["python-httpx", "python-httpx"],
  ["python-requests", "python-requests"],
  ["python-urllib", "python-urllib"],
  ["python/", "python-aiohttp"],
  ["axios/", "axios"],
  ["node-fetch", "node"],
  ["undici", "node"],
  ["node", "node"],
  ["bun/", "bun"],
  ["deno/", "deno"],
  ["go-http-client", "go"],
  ["okhttp", "okhttp"],
  ["java", "java"],
  ["reqwest", "rust"],
  ["k6/", "k6"],
  ["mozilla/", "browser"],
];

const OTHER = "other";

/** `undefined` if no user agent was sent. */
export function clientAppOf(userAgent: string | undefined): string | undefined {
  if (userAgent === undefined) return undefined;
  const text = userAgent.toLowerCase();
  return FAMILIES.find(([start]) => text.startsWith(start))?.[1] ?? OTHER;
}

/** `clientAppOf` in SQL; NULL for NULL. */
export function clientAppSql(userAgent: string): string {
  const cases = FAMILIES.map(([start, app]) => `WHEN starts_with(lower(${userAgent}), '${start}') THEN '${app}'`);
  return `CASE WHEN ${userAgent} IS NULL THEN NULL ${cases.join(" ")} ELSE '${OTHER}' END`;
}
