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
  const { contentType, contentEncoding } = contentOf(head.fields);
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

/** What the observer needs of a response head. */
export function observedResponse(head: ResponseHead): ObservedResponse {
  const { contentType, contentEncoding } = contentOf(head.fields);
  return {
    status: head.status,
    contentType,
    contentEncoding,
    hasBody: head.body.kind !== "none",
    header: (name) => head.fields.find((field) => field.name === name)?.value,
  };
}

interface ContentFields {
  contentType: string | undefined;
  contentEncoding: string | undefined;
}

function contentOf(fields: readonly Field[]): ContentFields {
  const content: ContentFields = { contentType: undefined, contentEncoding: undefined };
  for (const { name, value } of fields) {
    if (name === "content-type") content.contentType = value;
    else if (name === "content-encoding") {
      const { contentEncoding } = content;
      content.contentEncoding = contentEncoding === undefined ? value : `${contentEncoding}, ${value}`;
    }
  }
  return content;
}
