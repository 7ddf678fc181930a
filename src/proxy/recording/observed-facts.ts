import type { AccountingSettings } from "../../core/settings.ts";
import type { ObservedRequest, ResponseFacts } from "../../usage/observe/observer.ts";
import type { ResponseHead } from "../../wire/response-head.ts";
import type { Admitted } from "../admission/admit.ts";

/** What an observer needs of a request head. */
export function observedRequest(call: Admitted, upgrade: boolean, accounting: AccountingSettings): ObservedRequest {
  const { head, route } = call;
  let contentType: string | undefined;
  let contentEncoding: string | undefined;
  for (const field of head.fields) {
    if (field.name === "content-type") contentType = field.value;
    else if (field.name === "content-encoding") contentEncoding = joined(contentEncoding, field.value);
  }
  return {
    method: head.method,
    path: route.path,
    query: route.query,
    exclusiveReasoning: route.provider.exclusiveReasoning,
    upgrade,
    contentType,
    contentEncoding,
    estimate: accounting.estimate === "heuristic" && !upgrade,
  };
}

/** What an observer needs of a response head. */
export function responseFacts(head: ResponseHead): ResponseFacts {
  let contentType: string | undefined;
  let contentEncoding: string | undefined;
  for (const field of head.fields) {
    if (field.name === "content-type") contentType = field.value;
    else if (field.name === "content-encoding") contentEncoding = joined(contentEncoding, field.value);
  }
  return {
    status: head.status,
    contentType,
    contentEncoding,
    hasBody: head.body.kind !== "none",
    header: (name) => head.fields.find((field) => field.name === name)?.value,
  };
}

function joined(list: string | undefined, value: string): string {
  return list === undefined ? value : `${list}, ${value}`;
}
