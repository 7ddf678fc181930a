import type { AccountingSettings } from "../../config/settings.ts";
import type { ObservedRequest } from "../../usage/observe/observer.ts";
import type { AdmittedRequest } from "../admission/admit.ts";
import { observedRequest } from "./observed-heads.ts";
import { headTexts, type HeadTexts } from "./request-texts.ts";
import { type ClientFields, clientFields } from "./recorded-fields.ts";

/** What the head of a request says for its record. Requests with the same head share it. */
export interface RecordedRequest {
  readonly admitted: AdmittedRequest;
  readonly upgrading: boolean;
  readonly observed: ObservedRequest;
  readonly fields: ClientFields;
  readonly clientIp: string;
  readonly texts: HeadTexts;
}

export function recordedRequest(
  admitted: AdmittedRequest,
  upgrading: boolean,
  clientIp: string,
  accounting: AccountingSettings,
): RecordedRequest {
  const { head, route, client, maskedKey, keys } = admitted;
  const { name, exclusiveReasoning } = route.provider;
  const { endpoint, query } = route;
  const fields = clientFields(head.fields);
  const facts = {
    client,
    provider: name,
    endpoint,
    method: head.method,
    maskedKey,
    clientIp,
    query,
    exclusiveReasoning,
  };
  return {
    admitted,
    upgrading,
    observed: observedRequest(admitted, upgrading, accounting),
    fields,
    clientIp,
    texts: headTexts({ ...facts, ...fields }, keys),
  };
}
