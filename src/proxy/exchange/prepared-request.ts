import type { AccountingSettings } from "../../config/settings.ts";
import type { AdmittedRequest } from "../admission/admit.ts";
import { type RecordedRequest, recordedRequest } from "../recording/recorded-request.ts";
import { forwardedRequestHead, isUpgrade } from "./forwarded-request-head.ts";

/** All that follows from the head of an admitted request. Requests with the same head share it. */
export interface PreparedRequest extends RecordedRequest {
  readonly forwardedHead: string;
}

export function prepareRequest(
  admitted: AdmittedRequest,
  clientIp: string,
  accounting: AccountingSettings,
): PreparedRequest {
  const { head, route } = admitted;
  const upgrading = isUpgrade(head);
  return {
    ...recordedRequest(admitted, upgrading, clientIp, accounting),
    forwardedHead: forwardedRequestHead(head, route, upgrading),
  };
}
