import type { Usage } from "../../../core/usage/usage.ts";
import { COMMON, type Dialect, errorTypeOf, type PartialUsage, idText, readCommon } from "../dialect.ts";
import { emptyFields, type Fields, fieldsAt, labelAt, member, merged, textAt } from "../../json/fields.ts";
import { shapeOf } from "../../json/json-shape.ts";
import { modelName } from "../../observe/safe-names.ts";
import { finalModelUsage, type ModelUsage, withModelUsage } from "../../observe/model-usage.ts";
import { tokenUsage } from "../../observe/token-usage.ts";

const TURN = { id: "value", object: "value", status: "value", usage: "value", error: { code: "value" } } as const;
const TERMINAL: ReadonlySet<string> = new Set(["completed", "failed", "cancelled"]);

/**
 * …/agents/sessions: each turn of an agent says what it used when it is over; of several such words on one turn the last
 * holds. The session's own sum, which is the same once more, is left out.
 */
export const openaiAgents: Dialect = {
  name: "openai.agents",
  shape: shapeOf({ ...COMMON, status: "value", turn_id: "value", turn: TURN, agent: { model: "value" } }),
  optionalInStreams: false,
  telling: /"type"\s*:\s*"(?:error|agent\.session\.turn\.(?:created|in_progress|completed|failed|cancelled))"/,
  read: readAgents,
  hasContent: (document, event) => (textAt(document, "type") ?? event ?? "").endsWith(".delta"),
  settle: settleAgents,
  terminal: TERMINAL,
};

function readAgents(findings: PartialUsage, document: Fields, event: string | undefined): PartialUsage {
  const type = textAt(document, "type") ?? event;
  if (type === undefined) return readObject(findings, document);
  const moment = /^agent\.session\.turn\.(created|in_progress|completed|failed|cancelled)$/.exec(type)?.[1];
  if (moment !== undefined) {
    const turn = merged(fieldsAt(document, "turn"), { status: moment });
    const id = textAt(document, "turn_id") ?? textAt(turn, "id");
    return withTurn(findings, turn, { id, usage: fieldsAt(document, "usage") ?? fieldsAt(turn, "usage") });
  }
  return type === "error" ? { ...readCommon(findings, document), id: findings.id } : findings;
}

/** A turn that is asked for again, or a session. */
function readObject(findings: PartialUsage, document: Fields): PartialUsage {
  const model = modelName(textAt(fieldsAt(document, "agent"), "model"));
  if (document["object"] === "agent.session.turn") {
    return withTurn(findings, document, { id: textAt(document, "id"), usage: fieldsAt(document, "usage") });
  }
  const next = readCommon(findings, document);
  return { ...next, model: next.model ?? model };
}

interface TurnWord {
  readonly id: string | undefined;
  readonly usage: Fields | undefined;
}

function withTurn(findings: PartialUsage, turn: Fields, { id, usage }: TurnWord): PartialUsage {
  const status = labelAt(turn, "status");
  const isOver = status !== undefined && TERMINAL.has(status);
  const error = fieldsAt(turn, "error");
  return {
    ...findings,
    id: idText(id) ?? findings.id,
    status,
    // Between two turns an event stream may stop at any time.
    ended: isOver,
    errorType: (error && errorTypeOf({ error })) ?? findings.errorType,
    ...(isOver && usage !== undefined ? withWord(findings, id ?? "", usage) : {}),
  };
}

/** The usage of each turn by its id; of a session longer than anybody watches on one connection, the first ones added up. */
function withWord(
  { usage: usages, shares }: PartialUsage,
  id: string,
  usage: Fields,
): Pick<PartialUsage, "usage" | "shares"> {
  const ids = Object.keys(usages ?? {}).filter((name) => name !== id);
  const first = ids.length < MAX_TURNS ? undefined : ids.shift();
  const next = emptyFields();
  for (const name of ids) next[name] = member(usages, name);
  next[id] = usage;
  return { usage: next, shares: first === undefined ? shares : withTurnShare(shares, fieldsAt(usages, first)) };
}

function settleAgents({ usage, shares }: PartialUsage): Usage | undefined {
  const all = Object.keys(usage ?? {}).reduce((sum, id) => withTurnShare(sum, fieldsAt(usage, id)), shares);
  return finalModelUsage(all, KIND);
}

function withTurnShare(shares: readonly ModelUsage[], usage: Fields | undefined): readonly ModelUsage[] {
  return usage === undefined
    ? shares
    : withModelUsage(shares, { kind: KIND, model: undefined, usage: tokenUsage(usage) });
}

const KIND = "agent";
const MAX_TURNS = 64;
