import type { Usage } from "../../../core/usage/usage.ts";
import { exclusiveTotals } from "../counters.ts";
import { type PartialUsage, type HeaderLookup, idText, NOTHING } from "../dialect.ts";
import { countAt, type Fields, labelAt } from "../../json/fields.ts";
import { errorName } from "../safe-names.ts";

/** Bedrock's exclusive counters under the four names that it has for them. */
export interface CounterNames {
  readonly input: string;
  readonly output: string;
  readonly cacheRead: readonly string[];
  readonly cacheWrite: readonly string[];
}

/** Input is exclusive: cache reads and writes stand beside it. */
export function exclusiveCounters(usage: Fields, names: CounterNames): Usage {
  return exclusiveTotals({
    inputTokens: countAt(usage, names.input),
    outputTokens: countAt(usage, names.output),
    cachedInputTokens: firstCount(usage, names.cacheRead),
    cacheWriteTokens: firstCount(usage, names.cacheWrite),
  });
}

/** What every answer of Bedrock says in its head: the id of the request, and the exception that an error body leaves out. */
export function readBedrockHead(header: HeaderLookup, isError: boolean): PartialUsage {
  const id = idText(header("x-amzn-requestid"));
  // "ThrottlingException:http://internal.amazon.com/…"
  const errorType = isError ? errorName(header("x-amzn-errortype")?.split(/[:#]/, 1)[0]) : undefined;
  return { ...NOTHING, id, errorType, failed: errorType !== undefined };
}

/** The counters that the head of a plain invoke answer may carry, whoever the model's vendor is. */
export function readInvokeHead(header: HeaderLookup, isError: boolean): PartialUsage {
  const partial = readBedrockHead(header, isError);
  const fields: Record<string, string | undefined> = {};
  for (const name of HEADERS) fields[name] = header(name);
  const counters = exclusiveCounters(fields, HEADER_NAMES);
  const serviceTier = labelAt(fields, SERVICE_TIER);
  const isCounted = counters.inputTokens !== undefined || counters.outputTokens !== undefined;
  return { ...partial, serviceTier, head: isCounted ? counters : undefined };
}

function firstCount(usage: Fields, names: readonly string[]): number | undefined {
  for (const name of names) {
    const count = countAt(usage, name);
    if (count !== undefined) return count;
  }
  return undefined;
}

const SERVICE_TIER = "x-amzn-bedrock-service-tier";
const HEADER_NAMES = {
  input: "x-amzn-bedrock-input-token-count",
  output: "x-amzn-bedrock-output-token-count",
  cacheRead: ["x-amzn-bedrock-cache-read-input-token-count"],
  cacheWrite: ["x-amzn-bedrock-cache-write-input-token-count"],
} as const satisfies CounterNames;
const HEADERS = [
  SERVICE_TIER,
  HEADER_NAMES.input,
  HEADER_NAMES.output,
  ...HEADER_NAMES.cacheRead,
  ...HEADER_NAMES.cacheWrite,
];
