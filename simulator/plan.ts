import type { SimulatedRequest } from "./response.ts";
import { fieldsOf, listOf, numberOf, textLength, textOf, type Fields } from "./json-fields.ts";

/** The text and counters of a response, independent of the provider's format. */
export interface Plan {
  readonly input: number;
  /** The provider's output counter as the provider defines it. */
  readonly output: number;
  readonly cached: number;
  readonly written: number;
  readonly reasoning: number;
  readonly tooling: number;
  readonly pieces: readonly string[];
  readonly text: string;
  /** The response stopped at the client's token limit. */
  readonly cutShort: boolean;
  readonly countsUsage: boolean;
}

const words =
  "the gateway forwards every byte unchanged and records what each request has used so that every team can see how " +
  "much it spent on which model and why the bill of this month is higher than the one before ";

const baitText = '{"usage":{"prompt_tokens":999999,"completion_tokens":999999,"input_tokens":999999}} ';

export interface PlanDefaults {
  /** The parts of the request that are the prompt. */
  readonly prompt: unknown;
  readonly maxTokens: unknown;
  /** Default reasoning tokens, for providers whose output counter excludes them. */
  readonly thoughts?: number;
}

export function makePlan(request: SimulatedRequest, { prompt, maxTokens, thoughts }: PlanDefaults): Plan {
  const { directions } = request;
  const length = textLength(prompt);
  // Plausible and deterministic: between 24 and 80 tokens, unless the client's limit is lower.
  const wanted = 24 + ((length * 7) % 57);
  const limit = numberOf(maxTokens) ?? Infinity;
  const output = directions.output ?? Math.min(wanted, limit);
  const reasoning = directions.reasoning ?? thoughts ?? 0;
  const visible = Math.max(1, thoughts === undefined ? output - reasoning : output);

  const text = fill(directions.bytes ?? visible * 5, directions.bait ? baitText : words);
  const chunks = Math.max(1, Math.min(directions.chunks ?? visible, text.length));
  return {
    input: directions.input ?? 8 + Math.ceil(length / 4),
    output,
    cached: directions.cached ?? 0,
    written: directions.written ?? 0,
    reasoning,
    tooling: directions.tooling ?? 0,
    pieces: slices(text, chunks),
    text,
    cutShort: directions.output === undefined && wanted > limit,
    countsUsage: directions.usage !== "none",
  };
}

function fill(length: number, pattern: string): string {
  return pattern.repeat(Math.ceil(length / pattern.length)).slice(0, Math.max(1, length));
}

/** Splits a text into `count` pieces of nearly equal length. */
export function slices(text: string, count: number): readonly string[] {
  const at = (index: number): number => Math.floor((text.length * index) / count);
  return Array.from({ length: count }, (_, index) => text.slice(at(index), at(index + 1)));
}

export interface ToolUse {
  readonly name: string;
  readonly input: unknown;
}

/** Uses the first tool of the request once, with arguments that its schema allows. */
export function toolUse(tool: { name: unknown; schema: unknown } | undefined): ToolUse | undefined {
  const name = textOf(tool?.name);
  return name === undefined ? undefined : { name, input: sample(fieldsOf(tool?.schema)) };
}

function sample(schema: Fields): unknown {
  const choices = listOf(schema["enum"]);
  if (choices.length > 0) return choices[0];
  switch (textOf(schema["type"])?.toLowerCase()) {
    case "string":
      return "Lisbon";
    case "number":
    case "integer":
      return 1;
    case "boolean":
      return true;
    case "array":
      return [];
    default: {
      const properties = Object.entries(fieldsOf(schema["properties"]));
      return Object.fromEntries(properties.map(([name, part]) => [name, sample(fieldsOf(part))]));
    }
  }
}
