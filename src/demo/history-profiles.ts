// The owners, keys and models of an invented company. All names are made up.

export interface HistoryModel {
  readonly provider: string;
  readonly model: string;
  readonly endpoint: string;
  readonly operation: string;
  /** US dollars per million tokens. */
  readonly usdIn: number;
  readonly usdCached: number;
  readonly usdOut: number;
  readonly tokensPerSecond: number;
  readonly firstTokenMs: number;
  /** Tokens of a typical request. */
  readonly input: number;
  readonly output: number;
  /** Share of the input that is read from the provider's cache. */
  readonly cached: number;
  /** Share of the output that is reasoning. */
  readonly reasoning: number;
}

export interface HistoryKey {
  readonly id: string;
  readonly owner: string;
  readonly maskedKey: string;
  readonly userAgent: string;
  readonly clientIp: string;
  /** Indexes of `HISTORY_MODELS`, the most used first. */
  readonly models: readonly number[];
  /** Share of all requests, relative to the other keys. */
  readonly weight: number;
  /** Sends requests at night and at weekends too. */
  readonly machine: boolean;
  readonly tags: Readonly<Record<string, readonly string[]>> | undefined;
}

const OPENAI_CHAT = { provider: "openai", endpoint: "/openai/v1/chat/completions", operation: "chat" };
const RESPONSES = { provider: "openai", endpoint: "/openai/v1/responses", operation: "responses" };
const MESSAGES = { provider: "anthropic", endpoint: "/anthropic/v1/messages", operation: "chat" };

function gemini(model: string): Pick<HistoryModel, "provider" | "model" | "endpoint" | "operation"> {
  const endpoint = `/google/v1beta1/publishers/google/models/${model}:streamGenerateContent`;
  return { provider: "google", model, endpoint, operation: "generate_content" };
}

type PricesAndSpeed = readonly [
  usdIn: number,
  usdCached: number,
  usdOut: number,
  tokensPerSecond: number,
  firstTokenMs: number,
];
type TokenAmounts = readonly [input: number, output: number, cached: number, reasoning: number];

function row(
  endpoint: Pick<HistoryModel, "provider" | "model" | "endpoint" | "operation">,
  [usdIn, usdCached, usdOut, tokensPerSecond, firstTokenMs]: PricesAndSpeed,
  [input, output, cached, reasoning]: TokenAmounts,
): HistoryModel {
  return { ...endpoint, usdIn, usdCached, usdOut, tokensPerSecond, firstTokenMs, input, output, cached, reasoning };
}

export const HISTORY_MODELS: readonly HistoryModel[] = [
  row({ ...MESSAGES, model: "claude-sonnet-4-5" }, [3, 0.3, 15, 75, 1100], [38_000, 650, 0.9, 0]),
  row({ ...RESPONSES, model: "gpt-5" }, [1.25, 0.125, 10, 90, 2600], [9000, 1400, 0.6, 0.55]),
  row({ ...OPENAI_CHAT, model: "gpt-4o" }, [2.5, 1.25, 10, 110, 520], [1800, 380, 0.3, 0]),
  row({ ...OPENAI_CHAT, model: "gpt-4o-mini" }, [0.15, 0.075, 0.6, 140, 380], [900, 210, 0.2, 0]),
  row(gemini("gemini-2.5-flash"), [0.3, 0.03, 2.5, 210, 450], [2400, 420, 0.25, 0.3]),
  row(gemini("gemini-2.5-pro"), [1.25, 0.125, 10, 120, 2900], [6500, 1300, 0.35, 0.6]),
  row({ ...MESSAGES, model: "claude-haiku-4-5" }, [1, 0.1, 5, 160, 480], [5200, 300, 0.7, 0]),
  row({ ...MESSAGES, model: "claude-opus-4-1" }, [15, 1.5, 75, 42, 1900], [24_000, 900, 0.85, 0]),
  row(
    { provider: "openai", model: "text-embedding-3-small", endpoint: "/openai/v1/embeddings", operation: "embeddings" },
    [0.02, 0.02, 0, 0, 90],
    [700, 0, 0, 0],
  ),
  // A self-hosted model, for which there is no price.
  row(
    { provider: "local", model: "qwen3-30b-a3b", endpoint: "/local/v1/chat/completions", operation: "chat" },
    [Number.NaN, Number.NaN, Number.NaN, 60, 240],
    [1500, 400, 0, 0],
  ),
];

const CLAUDE_CLI = "claude-cli/2.0.31 (external, cli)";
const CODEX = "codex_cli_rs/0.47.0 (Ubuntu 24.4.0; x86_64) xterm-256color";
const OPENAI_PYTHON = "OpenAI/Python 2.6.1";
const OPENAI_JS = "OpenAI/JS 6.7.0";
const ANTHROPIC_PYTHON = "Anthropic/Python 0.71.0";
const GENAI = "google-genai-sdk/1.46.0 gl-python/3.12.3";
const CURL = "curl/8.5.0";

interface Team {
  readonly team: string;
  readonly people: readonly string[];
  readonly agents: readonly string[];
  readonly models: readonly number[];
  readonly weight: number;
  readonly machine?: true;
  readonly features?: readonly string[];
}

const TEAMS: readonly Team[] = [
  {
    team: "support",
    people: ["helpdesk-bot", "triage"],
    agents: [OPENAI_PYTHON],
    models: [3, 2, 8],
    weight: 34,
    machine: true,
    features: ["reply", "summary", "route"],
  },
  {
    team: "search",
    people: ["indexer", "ranking"],
    agents: [OPENAI_PYTHON, GENAI],
    models: [8, 4, 9],
    weight: 26,
    machine: true,
    features: ["index", "rerank"],
  },
  {
    team: "platform",
    people: ["amelie", "jonas", "priya", "tomasz"],
    agents: [CLAUDE_CLI, CODEX],
    models: [0, 1, 6],
    weight: 18,
  },
  {
    team: "mobile",
    people: ["chen", "fatima", "oskar"],
    agents: [CLAUDE_CLI, OPENAI_JS],
    models: [0, 2, 6],
    weight: 9,
  },
  {
    team: "data",
    people: ["ines", "ravi"],
    agents: [ANTHROPIC_PYTHON, GENAI],
    models: [5, 0, 4],
    weight: 8,
    features: ["report", "labels"],
  },
  { team: "research", people: ["nadia", "luca"], agents: [CODEX, CURL], models: [7, 1, 5], weight: 5 },
];

/** Generates the keys of `owners` owners from the teams. */
export function historyKeys(owners: number): readonly HistoryKey[] {
  const keys: HistoryKey[] = [];
  for (let index = 0; index < owners; index++) {
    const team = TEAMS[index % TEAMS.length];
    if (team === undefined) continue;
    const round = Math.floor(index / TEAMS.length);
    const person = team.people[round % team.people.length] ?? team.team;
    const owner = round < team.people.length ? person : `${person}-${Math.floor(round / team.people.length) + 1}`;
    for (let nth = 0; nth < (team.machine ? 2 : 1); nth++) keys.push(keyOf({ owner, team, index, nth }));
  }
  return keys;
}

interface KeyPosition {
  readonly owner: string;
  readonly team: Team;
  readonly index: number;
  readonly nth: number;
}

function keyOf({ owner, team, index, nth }: KeyPosition): HistoryKey {
  return {
    id: nth === 0 ? owner : `${owner}-${nth + 1}`,
    owner,
    maskedKey: ((index * 7919 + nth * 104_729 + 1_679_616) % 2_176_782_336).toString(36).padStart(6, "x").slice(-6),
    userAgent: team.agents[(index + nth) % team.agents.length] ?? CURL,
    clientIp: `10.${20 + (index % 6)}.${nth}.${10 + (index % 200)}`,
    models: team.models,
    // The first owners of a team send most of its requests.
    weight: team.weight / (1 + Math.floor(index / TEAMS.length)),
    machine: team.machine === true,
    tags: team.features === undefined ? undefined : { team: [team.team], feature: team.features },
  };
}
