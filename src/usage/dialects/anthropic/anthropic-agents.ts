import type { Usage } from "../../../core/usage/usage.ts";
import { rawUsage } from "../counters.ts";
import { COMMON, type Dialect, type PartialUsage, readCommon } from "../dialect.ts";
import { type Fields, fieldsAt, textAt } from "../../json/fields.ts";
import { shapeOf } from "../../json/json-shape.ts";
import { modelName } from "../safe-names.ts";
import { finalModelUsage, withModelUsage } from "../model-usage.ts";
import { messageUsage } from "./anthropic-messages.ts";

/**
 * The events of a managed agent's session: one record for the events that passed. Each model request and each
 * evaluation reports its usage, and these are added. The session's own usage is a running total of the same and is
 * ignored. A repeated event is recognized by its id.
 */
export const anthropicAgents: Dialect = {
  name: "anthropic.agents",
  shape: shapeOf({ ...COMMON, model_usage: "value" }),
  optionalInStreams: false,
  relevantFrame: /"(?:usage|model_usage|error)"\s*:\s*(?!null|\s)/,
  read: readEvent,
  hasContent: (document, event) => (textAt(document, "type") ?? event ?? "").startsWith("agent."),
  toUsage: (partial) => finalModelUsage(partial.byModel, KIND),
};

/** GET …/v1/sessions/{id}: the running total alone. */
export const anthropicSession: Dialect = {
  ...anthropicAgents,
  shape: shapeOf({ ...COMMON, agent: { model: { id: "value" } } }),
  read: readSession,
  toUsage: usageOfSession,
};

function readEvent(partial: PartialUsage, document: Fields, event: string | undefined): PartialUsage {
  const type = textAt(document, "type") ?? event;
  // There is no end marker. An error of the session is an event like any other; an error of the stream has no event
  // name.
  const isError = type === undefined || type === "error";
  const next = isError ? { ...readCommon(partial, document), id: undefined } : { ...partial, ended: true };
  const usage =
    type === "span.model_request_end"
      ? fieldsAt(document, "model_usage")
      : type === "span.outcome_evaluation_end"
        ? fieldsAt(document, "usage")
        : undefined;
  if (usage === undefined) return next;

  const id = textAt(document, "id");
  if (id !== undefined && partial.countedIds.includes(id)) return next;
  return {
    ...next,
    model: next.model ?? modelName(textAt(document, "model")),
    countedIds: id === undefined ? partial.countedIds : [...partial.countedIds.slice(-MAX_IDS), id],
    byModel: withModelUsage(partial.byModel, {
      kind: KIND,
      model: modelName(textAt(document, "model")),
      usage: messageUsage(usage, true),
    }),
  };
}

function readSession(partial: PartialUsage, document: Fields): PartialUsage {
  const agent = fieldsAt(document, "agent");
  const model = textAt(agent, "model") ?? textAt(fieldsAt(agent, "model"), "id");
  const next = readCommon(partial, document);
  return { ...next, model: next.model ?? modelName(model), usage: fieldsAt(document, "usage") ?? partial.usage };
}

function usageOfSession(partial: PartialUsage): Usage | undefined {
  const usage = partial.usage;
  return usage === undefined ? undefined : { ...messageUsage(usage, true), raw: rawUsage(usage) };
}

const KIND = "agent";
/** The number of ids that are remembered to recognize repeated events. */
const MAX_IDS = 256;
