import type { Usage } from "../../../core/usage/usage.ts";
import { COMMON, type Dialect, errorTypeOf, type PartialUsage, idText, readCommon } from "../dialect.ts";
import { emptyFields, type Fields, fieldsAt, labelAt, member, merged, textAt } from "../../json/fields.ts";
import { shapeOf } from "../../json/json-shape.ts";
import { modelName } from "../safe-names.ts";
import { finalModelUsage, type ModelUsage, withModelUsage } from "../model-usage.ts";
import { tokenUsage } from "./token-usage.ts";

const TURN = { id: "value", object: "value", status: "value", usage: "value", error: { code: "value" } } as const;
const TERMINAL: ReadonlySet<string> = new Set(["completed", "failed", "cancelled"]);

/**
 * …/agents/sessions: each turn reports its usage when it ends. If it reports more than once, the last report counts.
 * The session's own total repeats the turns and is ignored.
 */
export const openaiAgents: Dialect = {
  name: "openai.agents",
  shape: shapeOf({ ...COMMON, status: "value", turn_id: "value", turn: TURN, agent: { model: "value" } }),
  optionalInStreams: false,
  relevantFrame: /"type"\s*:\s*"(?:error|agent\.session\.turn\.(?:created|in_progress|completed|failed|cancelled))"/,
  read: readAgents,
  hasContent: (document, event) => (textAt(document, "type") ?? event ?? "").endsWith(".delta"),
  toUsage: usageOfTurns,
  terminal: TERMINAL,
};

function readAgents(partial: PartialUsage, document: Fields, event: string | undefined): PartialUsage {
  const type = textAt(document, "type") ?? event;
  if (type === undefined) return readObject(partial, document);
  const phase = /^agent\.session\.turn\.(created|in_progress|completed|failed|cancelled)$/.exec(type)?.[1];
  if (phase !== undefined) {
    const turn = merged(fieldsAt(document, "turn"), { status: phase });
    const id = textAt(document, "turn_id") ?? textAt(turn, "id");
    return withTurn(partial, turn, { id, usage: fieldsAt(document, "usage") ?? fieldsAt(turn, "usage") });
  }
  return type === "error" ? { ...readCommon(partial, document), id: partial.id } : partial;
}

/** Reads a turn that is fetched again, or a session. */
function readObject(partial: PartialUsage, document: Fields): PartialUsage {
  const model = modelName(textAt(fieldsAt(document, "agent"), "model"));
  if (document["object"] === "agent.session.turn") {
    return withTurn(partial, document, { id: textAt(document, "id"), usage: fieldsAt(document, "usage") });
  }
  const next = readCommon(partial, document);
  return { ...next, model: next.model ?? model };
}

interface TurnReport {
  readonly id: string | undefined;
  readonly usage: Fields | undefined;
}

function withTurn(partial: PartialUsage, turn: Fields, { id, usage }: TurnReport): PartialUsage {
  const status = labelAt(turn, "status");
  const isOver = status !== undefined && TERMINAL.has(status);
  const error = fieldsAt(turn, "error");
  return {
    ...partial,
    id: idText(id) ?? partial.id,
    status,
    // Between two turns an event stream may end at any time.
    ended: isOver,
    errorType: (error && errorTypeOf({ error })) ?? partial.errorType,
    ...(isOver && usage !== undefined ? withUsage(partial, id ?? "", usage) : {}),
  };
}

/**
 * Keeps the usage of each turn by its id. In a session with more turns than the limit, the oldest ones are added up.
 */
function withUsage(
  { usage: usages, byModel }: PartialUsage,
  id: string,
  usage: Fields,
): Pick<PartialUsage, "usage" | "byModel"> {
  const ids = Object.keys(usages ?? {}).filter((name) => name !== id);
  const first = ids.length < MAX_TURNS ? undefined : ids.shift();
  const next = emptyFields();
  for (const name of ids) next[name] = member(usages, name);
  next[id] = usage;
  return { usage: next, byModel: first === undefined ? byModel : withTurnUsage(byModel, fieldsAt(usages, first)) };
}

function usageOfTurns({ usage, byModel }: PartialUsage): Usage | undefined {
  const all = Object.keys(usage ?? {}).reduce((sum, id) => withTurnUsage(sum, fieldsAt(usage, id)), byModel);
  return finalModelUsage(all, KIND);
}

function withTurnUsage(byModel: readonly ModelUsage[], usage: Fields | undefined): readonly ModelUsage[] {
  return usage === undefined
    ? byModel
    : withModelUsage(byModel, { kind: KIND, model: undefined, usage: tokenUsage(usage) });
}

const KIND = "agent";
const MAX_TURNS = 64;
