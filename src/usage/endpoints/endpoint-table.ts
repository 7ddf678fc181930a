import {
  type Endpoint,
  type EndpointRow,
  free,
  matchesRow,
  model,
  path,
  read,
  socket,
  unsupported,
} from "./endpoint.ts";
import { anthropicAgents, anthropicSession } from "../dialects/anthropic/anthropic-agents.ts";
import { anthropicBatch, anthropicBatchStart } from "../dialects/anthropic/anthropic-batch.ts";
import { anthropicMessages } from "../dialects/anthropic/anthropic-messages.ts";
import { bedrockConverse } from "../dialects/bedrock/bedrock-converse.ts";
import { bedrockInvoke } from "../dialects/bedrock/bedrock-invoke.ts";
import { cohereChat, cohereMeta } from "../dialects/others/cohere.ts";
import { googleBatch } from "../dialects/google/google-batch.ts";
import { googleCache } from "../dialects/google/google-cache.ts";
import { googleEmbed } from "../dialects/google/google-embed.ts";
import { googleGenerate } from "../dialects/google/google-generate.ts";
import { googleInteractions } from "../dialects/google/google-interactions.ts";
import { googlePredict } from "../dialects/google/google-predict.ts";
import { lmstudio } from "../dialects/others/lmstudio.ts";
import { mistralConversations, mistralOcr } from "../dialects/others/mistral.ts";
import { ollama } from "../dialects/others/ollama.ts";
import { openaiAgents } from "../dialects/openai/openai-agents.ts";
import { openaiAssistants } from "../dialects/openai/openai-assistants.ts";
import { mistralAudio, openaiSpeech, openaiTranscription } from "../dialects/openai/openai-audio.ts";
import { openaiBatch, openaiFile } from "../dialects/openai/openai-batch.ts";
import { openaiChat, openaiCompletions } from "../dialects/openai/openai-chat.ts";
import { openaiEmbeddings, openaiModerations } from "../dialects/openai/openai-embeddings.ts";
import { openaiLive } from "../dialects/openai/openai-live.ts";
import { openaiRealtime } from "../dialects/openai/openai-realtime.ts";
import { openaiResponsesSocket } from "../dialects/openai/openai-responses-ws.ts";
import { googleLive } from "../dialects/google/google-live.ts";
import { openaiImages } from "../dialects/openai/openai-images.ts";
import { openaiDecisions, openaiResponses } from "../dialects/openai/openai-responses.ts";
import { autoDetectAmong, batchById } from "./auto-detect.ts";

/**
 * The endpoint of a request, by its path after the provider's prefix and without the query. The first matching row
 * decides.
 */
export function endpointOf(method: string, path: string, upgrade: boolean): Endpoint {
  const isRemembered = method === "POST" && !upgrade && path.length <= MAX_REMEMBERED_LENGTH;
  const known = isRemembered ? REMEMBERED.get(path) : undefined;
  if (known !== undefined) return known;
  const endpoint = findEndpoint(method, path, upgrade);
  if (isRemembered) {
    if (REMEMBERED.size === MAX_REMEMBERED) REMEMBERED.clear();
    REMEMBERED.set(path, endpoint);
  }
  return endpoint;
}

/** Endpoints of POST requests, of which most have one of a few paths. */
const REMEMBERED = new Map<string, Endpoint>();
const MAX_REMEMBERED = 256;
const MAX_REMEMBERED_LENGTH = 128;

function findEndpoint(method: string, path: string, upgrade: boolean): Endpoint {
  const trimmed = path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
  for (const row of ROWS) if (matchesRow(row, method, trimmed, upgrade)) return row.endpoint;
  return method === "POST" ? UNKNOWN : NO_USAGE;
}

const POST = ["POST"];
const GET = ["GET"];
const BOTH = ["POST", "GET"];

const KNOWN: readonly EndpointRow[] = [
  { methods: POST, paths: ["/chat/completions"], endpoint: read(openaiChat, "chat") },
  { methods: POST, paths: ["/fim/completions", "/agents/completions"], endpoint: read(openaiChat, "chat") },
  { methods: POST, paths: ["/completions"], endpoint: read(openaiCompletions, "text_completion") },
  { methods: POST, paths: ["/responses"], endpoint: read(openaiResponses, "chat") },
  { methods: POST, paths: ["/responses/compact"], endpoint: read(openaiResponses, "compact") },
  {
    methods: GET,
    upgrade: false,
    paths: [path("/responses/*")],
    endpoint: read(openaiResponses, "fetch_response", "replay"),
  },
  { methods: POST, paths: [path("/responses/*/cancel")], endpoint: read(openaiResponses, "cancel_response", "replay") },
  { methods: POST, paths: ["/responses/input_tokens"], endpoint: free("openai.count", "count") },
  { methods: GET, upgrade: true, paths: ["/responses"], endpoint: socket(openaiResponsesSocket, "chat") },
  // Ollama's older embeddings report no usage.
  { methods: POST, paths: ["/api/embeddings"], endpoint: read(openaiEmbeddings, "embeddings", "possible") },
  { methods: POST, paths: ["/embeddings"], endpoint: read(openaiEmbeddings, "embeddings") },
  {
    methods: POST,
    paths: ["/moderations", "/classifications"],
    endpoint: read(openaiModerations, "moderation", "possible"),
  },
  {
    methods: POST,
    paths: ["/images/generations", "/images/edits", "/images/variations"],
    endpoint: read(openaiImages, "image"),
  },
  {
    methods: POST,
    paths: ["/audio/transcriptions", "/audio/translations"],
    endpoint: read(openaiTranscription, "transcription"),
  },
  { methods: POST, paths: ["/audio/speech"], endpoint: read(openaiSpeech, "speech") },
  {
    methods: GET,
    upgrade: true,
    paths: ["/realtime", "/realtime/translations"],
    endpoint: socket(openaiRealtime, "realtime"),
  },
  {
    methods: POST,
    paths: [
      "/realtime/client_secrets",
      "/realtime/sessions",
      "/realtime/transcription_sessions",
      path("/realtime/calls*"),
    ],
    endpoint: free("none", "control"),
  },
  { methods: GET, upgrade: true, paths: [path("/live/sessions*")], endpoint: socket(openaiLive, "realtime") },
  { methods: POST, paths: ["/live/sessions"], endpoint: unsupported("openai.live", "control") },
  { methods: POST, paths: ["/decisions"], endpoint: read(openaiDecisions, "decision") },
  { methods: POST, paths: [path("/threads/*/runs"), "/threads/runs"], endpoint: read(openaiAssistants, "run") },
  // Later requests for a run: the first one that sees it ended counts it.
  { methods: BOTH, paths: [path("/threads/*/runs/*")], endpoint: read(openaiAssistants, "run", "replay") },
  {
    methods: POST,
    paths: [path("/threads/*/runs/*/submit_tool_outputs"), path("/threads/*/runs/*/cancel")],
    endpoint: read(openaiAssistants, "run", "replay"),
  },
  // Lists, and the steps of a run, which repeat its usage in parts.
  { methods: GET, paths: [path("/threads/*/runs*")], endpoint: free("openai.assistants", "run") },
  {
    methods: GET,
    paths: [path("/agents/sessions/*/turns/*")],
    endpoint: read(openaiAgents, "agent", "replay"),
  },
  // The turns of a session run in the background; their usage is reported to clients that read its events.
  {
    methods: BOTH,
    paths: ["/agents/sessions", path("/agents/sessions/*"), path("/agents/sessions/*/events")],
    endpoint: read(openaiAgents, "agent", "possible"),
  },
  { methods: BOTH, paths: [path("/agents/sessions*")], endpoint: free("openai.agents", "agent") },
  // Anthropic's batches have rows of their own below. Gemini's have OpenAI's paths, in some API versions exactly.
  {
    methods: GET,
    paths: [/\/v\d+(?:alpha|beta)\d*\/batches\/[^/:]+$/],
    endpoint: read(googleBatch, "batch", "replay"),
  },
  { methods: POST, paths: [path("(?<!/messages)/batches")], endpoint: read(openaiBatch, "batch") },
  { methods: GET, paths: [path("(?<!/messages)/batches")], endpoint: free("openai.batch", "batch") },
  { methods: BOTH, paths: [path("(?<!/messages)/batches*")], endpoint: read(batchById, "batch", "replay") },
  {
    methods: GET,
    paths: [path("/files/*/content")],
    endpoint: { ...read(openaiFile, "batch"), usage: "none" },
  },
  { methods: BOTH, paths: [path("/videos*")], endpoint: free("openai.videos", "video") },
  { methods: POST, paths: ["/v1/messages"], endpoint: read(anthropicMessages, "chat") },
  {
    methods: POST,
    paths: ["/v1/messages/count_tokens", "/models/count-tokens:rawPredict"],
    endpoint: free("anthropic.count", "count"),
  },
  { methods: GET, paths: [path("/v1/messages/batches/*/results")], endpoint: read(anthropicBatch, "batch", "replay") },
  { methods: POST, paths: ["/v1/messages/batches"], endpoint: read(anthropicBatchStart, "batch") },
  {
    methods: BOTH,
    paths: [path("/v1/sessions/*/events/stream"), path("/v1/sessions/*/threads/*/stream")],
    endpoint: read(anthropicAgents, "agent", "possible"),
  },
  { methods: GET, paths: [path("/v1/sessions/*")], endpoint: read(anthropicSession, "agent", "replay") },
  // The usage of a session is counted where its events pass.
  { methods: POST, paths: [path("/v1/sessions*")], endpoint: free("anthropic.agents", "control") },
  {
    methods: POST,
    paths: [":generateContent", ":streamGenerateContent"],
    endpoint: read(googleGenerate, "generate_content"),
  },
  { methods: POST, paths: [":countTokens", ":computeTokens"], endpoint: free("google.count", "count") },
  {
    methods: POST,
    paths: [":embedContent", ":batchEmbedContents"],
    endpoint: read(googleEmbed, "embeddings"),
  },
  { methods: POST, paths: [":batchGenerateContent", ":asyncBatchEmbedContent"], endpoint: read(googleBatch, "batch") },
  // Custom models respond in their own formats, and videos are billed by the second.
  { methods: POST, paths: [":predict"], endpoint: read(googlePredict, "predict", "possible") },
  { methods: POST, paths: [":predictLongRunning"], endpoint: free("google.predict", "predict") },
  {
    methods: POST,
    paths: [path("/publishers/anthropic/models/*:rawPredict"), path("/publishers/anthropic/models/*:streamRawPredict")],
    endpoint: read(anthropicMessages, "chat"),
  },
  {
    methods: POST,
    paths: [path("/publishers/mistralai/models/*:rawPredict"), path("/publishers/mistralai/models/*:streamRawPredict")],
    endpoint: read(openaiChat, "chat"),
  },
  { methods: POST, paths: ["/interactions"], endpoint: read(googleInteractions, "interaction") },
  { methods: GET, paths: [path("/interactions/*")], endpoint: read(googleInteractions, "fetch_response", "replay") },
  {
    methods: POST,
    paths: [path("/interactions/*/cancel")],
    endpoint: read(googleInteractions, "cancel_response", "replay"),
  },
  {
    methods: GET,
    upgrade: true,
    // Vertex has a slash before the method, the Gemini API a dot.
    paths: [/\/ws\/google\.(?:ai\.generativelanguage|cloud\.aiplatform)\.[^/]*[./][^/]*BidiGenerateContent[^/]*$/],
    endpoint: socket(googleLive, "realtime"),
  },
  { methods: POST, paths: ["/cachedContents"], endpoint: read(googleCache, "cache") },
  { methods: GET, paths: [path("/cachedContents/*")], endpoint: read(googleCache, "cache", "replay") },
  {
    methods: POST,
    paths: [model("converse"), model("converse-stream")],
    endpoint: read(bedrockConverse, "chat"),
  },
  {
    methods: POST,
    paths: [model("invoke"), model("invoke-with-response-stream")],
    endpoint: read(bedrockInvoke, "invoke"),
  },
  {
    methods: POST,
    paths: [model("invoke-with-bidirectional-stream")],
    endpoint: unsupported("bedrock.bidi", "realtime"),
  },
  { methods: POST, paths: [model("count-tokens")], endpoint: free("bedrock.count", "count") },
  // Guardrails are billed in policy units, not tokens.
  {
    methods: POST,
    paths: [path("/guardrail/*/version/*/apply"), path("/guardrail/*/apply"), "/guardrail-checks/invoke"],
    endpoint: free("bedrock.guardrail", "guardrail"),
  },
  // The results are written to S3, where a gateway does not see them.
  { methods: POST, paths: ["/async-invoke"], endpoint: unsupported("bedrock.async", "invoke") },
  // LM Studio has /api/v1/chat.
  { methods: POST, paths: ["/v2/chat", path("(?<!/api)/v1/chat")], endpoint: read(cohereChat, "chat") },
  { methods: POST, paths: ["/v2/embed", "/v1/embed"], endpoint: read(cohereMeta, "embeddings") },
  { methods: POST, paths: ["/v2/rerank", "/v1/rerank"], endpoint: read(cohereMeta, "rerank") },
  { methods: POST, paths: ["/v1/classify"], endpoint: read(cohereMeta, "classification") },
  { methods: POST, paths: ["/v2/parse"], endpoint: read(cohereMeta, "parse") },
  { methods: POST, paths: ["/api/chat", "/api/generate"], endpoint: read(ollama, "chat") },
  { methods: POST, paths: ["/api/embed"], endpoint: read(ollama, "embeddings") },
  // LM Studio's /api/v0 has OpenAI's paths and usage, so the rows above read it.
  { methods: POST, paths: ["/api/v1/chat"], endpoint: read(lmstudio, "chat") },
  // OpenAI stores conversations under the same path, which is free.
  {
    methods: POST,
    paths: [path("/v1/conversations*")],
    endpoint: read(mistralConversations, "chat", "possible"),
  },
  { methods: POST, paths: ["/v1/ocr"], endpoint: read(mistralOcr, "ocr") },
  // Transcriptions and speech are OpenAI's paths as well and have rows above.
  { methods: POST, paths: [path("/v1/audio/*")], endpoint: read(mistralAudio, "audio", "possible") },
];

const autoDetect = autoDetectAmong(KNOWN.map(({ endpoint }) => endpoint.reader));

/** Models of other publishers on Vertex respond in the format of their vendor. */
const ROWS: readonly EndpointRow[] = [
  ...KNOWN,
  {
    methods: POST,
    paths: [":rawPredict", ":streamRawPredict"],
    endpoint: read(autoDetect, "predict", "possible"),
  },
];
const UNKNOWN: Endpoint = read(autoDetect, "other", "possible");
const NO_USAGE: Endpoint = free("none", "other");
