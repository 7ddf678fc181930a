import type { Field } from "../../wire/field.ts";
import { parseTags } from "../admission/tags.ts";

const MAX_USER_AGENT = 256;
const MAX_REQUEST_ID = 128;

/** What a record keeps of the fields of a request. */
export interface ClientFields {
  readonly userAgent: string | undefined;
  /** The first field `x-lmgate-tags` that has tags, as sent. */
  readonly tags: string | undefined;
}

export function clientFields(fields: readonly Field[]): ClientFields {
  let userAgent: string | undefined;
  let tags: string | undefined;
  for (const field of fields) {
    if (field.name === "user-agent") userAgent ??= field.value.slice(0, MAX_USER_AGENT);
    else if (field.name === "x-lmgate-tags" && (tags === undefined || parseTags(tags) === undefined))
      tags = field.value;
  }
  return { userAgent, tags };
}

/** The provider's own id of the request, which its support asks for. */
export function requestId(fields: readonly Field[]): string | undefined {
  for (const field of fields) {
    switch (field.name) {
      case "x-request-id":
      case "request-id":
      case "x-amzn-requestid":
      case "apim-request-id":
        return field.value.slice(0, MAX_REQUEST_ID);
      default:
    }
  }
  return undefined;
}
