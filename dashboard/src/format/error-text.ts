import type { RequestRow } from "../../../src/admin/api/contract.ts";

/** Why a request failed: its `error_type` and, if the connection to the provider failed, the reason. */
export function errorText({ error_type, error_code }: Pick<RequestRow, "error_type" | "error_code">): string {
  if (error_type === null) return "";
  return error_code === undefined ? error_type : `${error_type}: ${error_code}`;
}
