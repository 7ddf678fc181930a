import type { RequestRecord, ProviderInfo } from "../../../src/admin/api/contract.ts";

const credentials: readonly (readonly [RegExp, string])[] = [
  [/^anthropic/, "x-api-key: $ANTHROPIC_API_KEY"],
  [/^gemini/, "x-goog-api-key: $GEMINI_API_KEY"],
  [/^azure/, "api-key: $AZURE_OPENAI_API_KEY"],
  [/^google|^vertex/, "authorization: Bearer $(gcloud auth print-access-token)"],
];

/** The request as a curl command, without key and body, which are not in the ledger. */
export function curlOf(record: RequestRecord, providers: readonly ProviderInfo[]): string {
  const { provider, endpoint, method = "POST" } = record;
  const base = providers.find(({ name }) => name === provider)?.baseUrl ?? `http://localhost:8080/${provider}`;
  const origin = base.slice(0, base.length - provider.length - 1);
  const [, credential = `authorization: Bearer $${provider.toUpperCase().replaceAll(/\W/g, "_")}_API_KEY`] =
    credentials.find(([pattern]) => pattern.test(provider)) ?? [];
  const lines = [
    `curl -X ${method} ${quoted(origin + endpoint)}`,
    // Double quotes let the shell expand the variable.
    `  -H "${credential}"`,
    ...(provider === "anthropic" ? [`  -H 'anthropic-version: 2023-06-01'`] : []),
    ...(method === "GET" ? [] : [`  -H 'content-type: application/json'`, `  -d @request.json`]),
  ];
  return lines.join(" \\\n");
}

/** Quotes a text so that the shell reads it as one word. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
