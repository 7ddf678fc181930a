import type { SimulatedResponse, SimulatedRequest, Frame } from "./response.ts";
import { makePlan, type Plan } from "./plan.ts";

/** One turn of a Live session: https://ai.google.dev/api/live */
export function liveTurnResponse(request: SimulatedRequest): SimulatedResponse {
  const plan = makePlan(request, { prompt: request.body, maxTokens: undefined });
  return {
    operation: "live",
    id: request.id("turn"),
    model: request.model,
    status: 101,
    headers: {},
    stream: true,
    frames: messages(plan),
    errorFrame: () => "",
  };
}

function* messages(plan: Plan): Generator<Frame> {
  for (const piece of plan.pieces) {
    const data = Buffer.from(piece.repeat(20)).toString("base64");
    const parts = [{ inlineData: { mimeType: "audio/pcm;rate=24000", data } }];
    yield { text: JSON.stringify({ serverContent: { modelTurn: { role: "model", parts } } }), content: true };
  }
  yield { text: JSON.stringify({ serverContent: { generationComplete: true } }) };
  const { input, output, reasoning, cached } = plan;
  const usageMetadata = {
    promptTokenCount: input,
    ...(cached > 0 && { cachedContentTokenCount: cached }),
    responseTokenCount: output,
    ...(reasoning > 0 && { thoughtsTokenCount: reasoning }),
    totalTokenCount: input + output + reasoning,
    promptTokensDetails: [{ modality: "TEXT", tokenCount: input }],
    responseTokensDetails: [{ modality: "AUDIO", tokenCount: output }],
  };
  yield {
    text: JSON.stringify({ serverContent: { turnComplete: true }, usageMetadata }),
    counters: { input, output, reasoning, cached },
  };
}
