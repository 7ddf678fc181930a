import type { AccountingSettings } from "../../config/settings.ts";
import type { ObservedRequest } from "../../usage/observe/observer.ts";
import type { AdmittedRequest } from "../admission/admit.ts";
import { observedRequest } from "./observed-heads.ts";
import { type ClientFields, clientFields } from "./recorded-fields.ts";

/** What the head of a request says for its record. Requests with the same head share it. */
export interface RecordedRequest {
  readonly admitted: AdmittedRequest;
  readonly upgrading: boolean;
  readonly observed: ObservedRequest;
  readonly fields: ClientFields;
}

export function recordedRequest(
  admitted: AdmittedRequest,
  upgrading: boolean,
  accounting: AccountingSettings,
): RecordedRequest {
  return {
    admitted,
    upgrading,
    observed: observedRequest(admitted, upgrading, accounting),
    fields: clientFields(admitted.head.fields),
  };
}
