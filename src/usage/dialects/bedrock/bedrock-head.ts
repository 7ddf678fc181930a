import type { Usage } from "../../../core/usage/usage.ts";
import { exclusiveTotals } from "../counters.ts";
import { type PartialUsage, type HeaderLookup, idText, EMPTY_PARTIAL } from "../dialect.ts";
import { countAt, type Fields, labelAt } from "../../json/fields.ts";
import { errorName } from "../safe-names.ts";

/** The names of Bedrock's four counters, which differ by API. */
export interface CounterNames {
  readonly input: string;
  readonly output: string;
  readonly cacheRead: readonly string[];
  readonly cacheWrite: readonly string[];
}

/** The input counter excludes cache reads and writes. */
export function exclusiveCounters(usage: Fields, names: CounterNames): Usage {
  return exclusiveTotals({
    inputTokens: countAt(usage, names.input),
    outputTokens: countAt(usage, names.output),
    cachedInputTokens: firstCount(usage, names.cacheRead),
    cacheWriteTokens: firstCount(usage, names.cacheWrite),
  });
}

/** Every response of Bedrock has the request id in its head, and the exception that an error body omits. */
export function readBedrockHead(header: HeaderLookup, isError: boolean): PartialUsage {
  const id = idText(header("x-amzn-requestid"));
  // "ThrottlingException:http://internal.amazon.com/…"
  const errorType = isError ? errorName(header("x-amzn-errortype")?.split(/[:#]/, 1)[0]) : undefined;
  return { ...EMPTY_PARTIAL, id, errorType, failed: errorType !== undefined };
}

/** The head of a plain invoke response may contain counters, for models of any vendor. */
export function readInvokeHead(header: HeaderLookup, isError: boolean): PartialUsage {
  const partial = readBedrockHead(header, isError);
  const fields: Record<string, string | undefined> = {};
  for (const name of HEADERS) fields[name] = header(name);
  const counters = exclusiveCounters(fields, HEADER_NAMES);
  const serviceTier = labelAt(fields, SERVICE_TIER);
  const isCounted = counters.inputTokens !== undefined || counters.outputTokens !== undefined;
  return { ...partial, serviceTier, headUsage: isCounted ? counters : undefined };
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
