import type { AccountingSettings } from "../../config/settings.ts";
import type { ObservedRequest, ObservedResponse } from "../../usage/observe/observer.ts";
import type { Field } from "../../wire/field.ts";
import type { ResponseHead } from "../../wire/response-head.ts";
import type { AdmittedRequest } from "../admission/admit.ts";

/** What the observer needs of a request head. */
export function observedRequest(
  { head, route }: AdmittedRequest,
  upgrade: boolean,
  accounting: AccountingSettings,
): ObservedRequest {
  return {
    method: head.method,
    path: route.path,
    query: route.query,
    exclusiveReasoning: route.provider.exclusiveReasoning,
    upgrade,
    bodyLength: head.body.kind === "length" ? head.body.length : undefined,
    contentType: lastValue(head.fields, "content-type"),
    contentEncoding: joinedValues(head.fields, "content-encoding"),
    estimate: accounting.estimate === "heuristic" && !upgrade,
  };
}

/** What the observer needs of a response head. */
export function observedResponse(head: ResponseHead): ObservedResponse {
  return {
    status: head.status,
    contentType: lastValue(head.fields, "content-type"),
    contentEncoding: joinedValues(head.fields, "content-encoding"),
    hasBody: head.body.kind !== "none",
    header: (name) => head.fields.find((field) => field.name === name)?.value,
  };
}

function lastValue(fields: readonly Field[], name: string): string | undefined {
  let found: string | undefined;
  for (const field of fields) if (field.name === name) found = field.value;
  return found;
}

function joinedValues(fields: readonly Field[], name: string): string | undefined {
  let found: string | undefined;
  for (const field of fields) {
    if (field.name === name) found = found === undefined ? field.value : `${found}, ${field.value}`;
  }
  return found;
}
