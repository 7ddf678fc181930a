import type { Ask } from "./response.ts";
import { fieldsOf, listOf, numberOf, textLength, textOf, type Fields } from "./json-fields.ts";

/** What an answer will say and what it will claim to have used, before any provider's wire shape. */
export interface Plan {
  readonly input: number;
  /** The provider's output counter, in its own sense. */
  readonly output: number;
  readonly cached: number;
  readonly written: number;
  readonly reasoning: number;
  readonly tooling: number;
  readonly pieces: readonly string[];
  readonly text: string;
  /** The answer stopped at the caller's token limit. */
  readonly cutShort: boolean;
  readonly countsUsage: boolean;
}

const words =
  "the gateway passes every byte on as it came and writes down what each call has used so that nobody has to guess " +
  "who spent how much on which model and why the bill of this month looks the way it does ";

const baitText = '{"usage":{"prompt_tokens":999999,"completion_tokens":999999,"input_tokens":999999}} ';

export interface PlanDefaults {
  /** What of the request is the prompt. */
  readonly prompt: unknown;
  readonly maxTokens: unknown;
  /** Reasoning tokens that stand beside the output counter; without it reasoning is a part of the output. */
  readonly thoughts?: number;
}

export function makePlan(ask: Ask, { prompt, maxTokens, thoughts }: PlanDefaults): Plan {
  const { directions } = ask;
  const length = textLength(prompt);
  // Believable, and the same for the same request: between 24 and 80 tokens unless the caller's limit is lower.
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

/** Cuts a text into so many pieces of nearly equal length. */
export function slices(text: string, count: number): readonly string[] {
  const at = (index: number): number => Math.floor((text.length * index) / count);
  return Array.from({ length: count }, (_, index) => text.slice(at(index), at(index + 1)));
}

export interface ToolUse {
  readonly name: string;
  readonly input: unknown;
}

/** A provider with a tool at hand uses it once: the first tool, with arguments that its schema allows. */
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
