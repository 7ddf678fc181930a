// How to point each tool at the gateway, and common mistakes. The key differs between clients and is a placeholder;
// an LMGate key goes into a header of its own, in addition to the provider's key.

interface UrlState {
  /** The provider's base URL at the gateway. */
  readonly base: string;
  /** The header for an LMGate key; `undefined` if the provider's own key is on the list. */
  readonly key: string | undefined;
}

export interface Tool {
  readonly id: string;
  readonly label: string;
  readonly kind: "Tools" | "Libraries";
  /** Providers that it can use, the usual one first. */
  readonly providers: readonly string[];
  /** Where the snippet goes. */
  readonly where: string;
  readonly write: (place: UrlState) => string;
  readonly traps: readonly string[];
}

export const HEADER = "x-lmgate-key";

/** Joins lines; some exist only with an LMGate key. */
const lines = (...all: readonly (string | undefined)[]): string => all.filter((line) => line !== undefined).join("\n");

const noV1 = "Leave out /v1: the tool adds it, and /v1/v1 returns 404.";
const withV1 = "Include /v1: the tool does not add it, and requests without it return 404.";
const bigStreams =
  'Streams report usage only if the request asks for it: stream_options: {"include_usage": true}. LMGate never changes a request.';

export const tools: readonly Tool[] = [
  {
    id: "claude-code",
    label: "Claude Code",
    kind: "Tools",
    providers: ["anthropic"],
    where: "In the shell, or under env in ~/.claude/settings.json",
    write: ({ base, key }) =>
      lines(
        `export ANTHROPIC_BASE_URL=${base}`,
        key
          ? `export ANTHROPIC_CUSTOM_HEADERS="${HEADER}: ${key}"`
          : `export ANTHROPIC_API_KEY=<a key on the allow-list>`,
        "claude",
      ),
    traps: [
      noV1,
      "ANTHROPIC_API_KEY is sent as x-api-key, ANTHROPIC_AUTH_TOKEN as Authorization: Bearer; either can hold a key on the allow-list.",
      "With a claude.ai login, the token changes every hour, so use an LMGate key.",
      "Set CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY=1 to load the list of models through the gateway.",
    ],
  },
  {
    id: "codex",
    label: "Codex CLI",
    kind: "Tools",
    providers: ["openai"],
    where: "~/.codex/config.toml",
    write: ({ base, key }) =>
      lines(
        `model_provider = "lmgate"`,
        "",
        "[model_providers.lmgate]",
        `name = "LMGate"`,
        `base_url = "${base}/v1"`,
        `env_key = "OPENAI_API_KEY"`,
        `wire_api = "responses"`,
        key && `http_headers = { "${HEADER}" = "${key}" }`,
      ),
    traps: [
      withV1,
      'Codex does not start with wire_api = "chat", and the names openai, ollama and lmstudio are reserved.',
      "A project's own .codex/config.toml cannot set model_provider.",
    ],
  },
  {
    id: "gemini-cli",
    label: "Gemini CLI",
    kind: "Tools",
    providers: ["gemini", "google"],
    where: "In the shell",
    write: ({ base, key }) =>
      lines(
        base.endsWith("/google")
          ? `export GOOGLE_GENAI_USE_VERTEXAI=true\nexport GOOGLE_VERTEX_BASE_URL=${base}`
          : `export GOOGLE_GEMINI_BASE_URL=${base}`,
        key
          ? `export GEMINI_CLI_CUSTOM_HEADERS="${HEADER}:${key}"`
          : base.endsWith("/google")
            ? undefined
            : "export GEMINI_API_KEY=<a key on the allow-list>",
        "gemini",
      ),
    traps: [
      "The key is sent as x-goog-api-key; security.auth.selectedType in ~/.gemini/settings.json must be gemini-api-key.",
      "Google Cloud tokens change every hour. With Vertex AI, use an LMGate key.",
    ],
  },
  {
    id: "aider",
    label: "aider",
    kind: "Tools",
    providers: ["openai", "anthropic"],
    where: "In the shell, or openai-api-base in .aider.conf.yml",
    write: ({ base, key }) =>
      lines(
        base.endsWith("/anthropic")
          ? `export ANTHROPIC_BASE_URL=${base}\nexport ANTHROPIC_API_KEY=<the provider's key>`
          : `export OPENAI_API_BASE=${base}/v1\nexport OPENAI_API_KEY=<the provider's key>`,
        key &&
          `# .aider.model.settings.yml\n- name: aider/extra_params\n  extra_params:\n    extra_headers:\n      ${HEADER}: ${key}`,
      ),
    traps: ["OpenAI base URLs end with /v1; Anthropic's do not."],
  },
  {
    id: "cline",
    label: "Cline, Roo Code",
    kind: "Tools",
    providers: ["openai", "anthropic"],
    where: "Settings → API provider",
    write: ({ base, key }) =>
      lines(
        base.endsWith("/anthropic") ? "Provider:  Anthropic, with a custom base URL" : "Provider:  OpenAI Compatible",
        `Base URL:  ${base.endsWith("/anthropic") ? base : `${base}/v1`}`,
        "API key:   <the provider's key>",
        key && `Header:    ${HEADER}: ${key}`,
      ),
    traps: ["OpenAI base URLs end with /v1; Anthropic's do not."],
  },
  {
    id: "continue",
    label: "Continue",
    kind: "Tools",
    providers: ["openai", "anthropic"],
    where: "config.yaml",
    write: ({ base, key }) =>
      lines(
        "models:",
        "  - name: Through LMGate",
        `    provider: ${base.endsWith("/anthropic") ? "anthropic" : "openai"}`,
        "    model: <model>",
        `    apiBase: ${base}/v1${base.endsWith("/anthropic") ? "/" : ""}`,
        "    apiKey: <the provider's key>",
        key && `    requestOptions:\n      headers:\n        ${HEADER}: ${key}`,
      ),
    traps: ["With Continue, Anthropic's URL also ends with /v1/."],
  },
  {
    id: "open-webui",
    label: "Open WebUI",
    kind: "Tools",
    providers: ["openai"],
    where: "In the environment of the server",
    write: ({ base }) => lines(`OPENAI_API_BASE_URLS="${base}/v1"`, `OPENAI_API_KEYS="<a key on the allow-list>"`),
    traps: [
      withV1,
      "It cannot send a custom header to every connection, so put the provider key on the allow-list.",
      "Separate several connections with ; in both variables.",
    ],
  },
  {
    id: "openai-python",
    label: "OpenAI for Python",
    kind: "Libraries",
    providers: ["openai"],
    where: "In code, or set OPENAI_BASE_URL",
    write: ({ base, key }) =>
      lines(
        "from openai import OpenAI",
        "",
        "client = OpenAI(",
        `    base_url="${base}/v1",`,
        key && `    default_headers={"${HEADER}": "${key}"},`,
        ")",
      ),
    traps: [withV1, bigStreams],
  },
  {
    id: "openai-js",
    label: "OpenAI for JavaScript",
    kind: "Libraries",
    providers: ["openai"],
    where: "In code, or set OPENAI_BASE_URL",
    write: ({ base, key }) =>
      lines(
        `import OpenAI from "openai";`,
        "",
        "const client = new OpenAI({",
        `  baseURL: "${base}/v1",`,
        key && `  defaultHeaders: { "${HEADER}": "${key}" },`,
        "});",
      ),
    traps: [withV1, bigStreams],
  },
  {
    id: "anthropic-python",
    label: "Anthropic for Python",
    kind: "Libraries",
    providers: ["anthropic"],
    where: "In code, or set ANTHROPIC_BASE_URL",
    write: ({ base, key }) =>
      lines(
        "from anthropic import Anthropic",
        "",
        "client = Anthropic(",
        `    base_url="${base}",`,
        key && `    default_headers={"${HEADER}": "${key}"},`,
        ")",
      ),
    traps: [noV1],
  },
  {
    id: "anthropic-js",
    label: "Anthropic for JavaScript",
    kind: "Libraries",
    providers: ["anthropic"],
    where: "In code, or set ANTHROPIC_BASE_URL",
    write: ({ base, key }) =>
      lines(
        `import Anthropic from "@anthropic-ai/sdk";`,
        "",
        "const client = new Anthropic({",
        `  baseURL: "${base}",`,
        key && `  defaultHeaders: { "${HEADER}": "${key}" },`,
        "});",
      ),
    traps: [noV1],
  },
  {
    id: "google-genai",
    label: "google-genai",
    kind: "Libraries",
    providers: ["gemini", "google"],
    where: "In code, or set GOOGLE_GEMINI_BASE_URL; for Vertex AI, GOOGLE_VERTEX_BASE_URL",
    write: ({ base, key }) =>
      lines(
        "from google import genai",
        "",
        "client = genai.Client(",
        base.endsWith("/google") ? `    vertexai=True, project="<project>", location="global",` : undefined,
        `    http_options={"base_url": "${base}"${key ? `, "headers": {"${HEADER}": "${key}"}` : ""}},`,
        ")",
      ),
    traps: ["`google` is Vertex AI, `gemini` is AI Studio: their paths and keys are different."],
  },
  {
    id: "ai-sdk",
    label: "Vercel AI SDK",
    kind: "Libraries",
    providers: ["openai", "anthropic", "gemini"],
    where: "In code",
    write: ({ base, key }) => {
      const [name, make, version] = base.endsWith("/anthropic")
        ? ["anthropic", "createAnthropic", "v1"]
        : base.endsWith("/gemini")
          ? ["google", "createGoogleGenerativeAI", "v1beta"]
          : ["openai", "createOpenAI", "v1"];
      return lines(
        `import { ${make} } from "@ai-sdk/${name}";`,
        "",
        `const provider = ${make}({`,
        `  baseURL: "${base}/${version}",`,
        key && `  headers: { "${HEADER}": "${key}" },`,
        "});",
      );
    },
    traps: [
      "It reads ANTHROPIC_BASE_URL too, but needs /v1 there, which Anthropic's own library does not accept: set baseURL in the code if you use both.",
    ],
  },
  {
    id: "langchain",
    label: "LangChain",
    kind: "Libraries",
    providers: ["openai", "anthropic"],
    where: "In code",
    write: ({ base, key }) => {
      const isAnthropic = base.endsWith("/anthropic");
      return lines(
        isAnthropic ? "from langchain_anthropic import ChatAnthropic" : "from langchain_openai import ChatOpenAI",
        "",
        isAnthropic ? "model = ChatAnthropic(" : "model = ChatOpenAI(",
        `    model="<model>",`,
        `    base_url="${isAnthropic ? base : `${base}/v1`}",`,
        isAnthropic ? undefined : "    stream_usage=True,",
        key && `    default_headers={"${HEADER}": "${key}"},`,
        ")",
      );
    },
    traps: [
      "Set stream_usage=True to get usage in OpenAI streams.",
      "OpenAI base URLs end with /v1; Anthropic's do not.",
    ],
  },
  {
    id: "llama-index",
    label: "LlamaIndex",
    kind: "Libraries",
    providers: ["openai", "anthropic"],
    where: "In code",
    write: ({ base, key }) => {
      const isAnthropic = base.endsWith("/anthropic");
      const name = isAnthropic ? "Anthropic" : "OpenAI";
      return lines(
        `from llama_index.llms.${name.toLowerCase()} import ${name}`,
        "",
        `llm = ${name}(`,
        isAnthropic ? `    base_url="${base}",` : `    api_base="${base}/v1",`,
        key && `    default_headers={"${HEADER}": "${key}"},`,
        ")",
      );
    },
    traps: ["For OpenAI, set api_base, which ends with /v1; for Anthropic, base_url, which does not."],
  },
  {
    id: "azure",
    label: "Azure OpenAI",
    kind: "Libraries",
    providers: ["azure"],
    where: "In code, or set AZURE_OPENAI_ENDPOINT",
    write: ({ base, key }) =>
      lines(
        "from openai import AzureOpenAI",
        "",
        "client = AzureOpenAI(",
        `    azure_endpoint="${base}",`,
        `    api_version="<version>",`,
        key && `    default_headers={"${HEADER}": "${key}"},`,
        ")",
      ),
    traps: [
      "The key is sent in the header api-key. Clients with Entra tokens need an LMGate key.",
      "Configure each Azure resource as a separate provider.",
    ],
  },
  {
    id: "curl",
    label: "curl",
    kind: "Libraries",
    providers: ["openai", "anthropic", "gemini"],
    where: "In the shell",
    write: ({ base, key }) => {
      const header = key ? ` \\\n  -H "${HEADER}: ${key}"` : "";
      if (base.endsWith("/anthropic")) {
        return `curl ${base}/v1/models \\\n  -H "x-api-key: $ANTHROPIC_API_KEY" \\\n  -H "anthropic-version: 2023-06-01"${header}`;
      }
      if (base.endsWith("/gemini"))
        return `curl ${base}/v1beta/models \\\n  -H "x-goog-api-key: $GEMINI_API_KEY"${header}`;
      return `curl ${base}/v1/models \\\n  -H "Authorization: Bearer $OPENAI_API_KEY"${header}`;
    },
    traps: ["The path after the provider's name is forwarded unchanged."],
  },
];
