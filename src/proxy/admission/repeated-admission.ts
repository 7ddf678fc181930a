import type { RequestHead } from "../../wire/request-head.ts";
import { admit, type Admission, type AdmittedRequest } from "./admit.ts";
import { isExpired } from "./authorize.ts";
import type { ProxyContext } from "./proxy-context.ts";

/**
 * Admits the requests of one connection. When the same head comes again, only what may have changed since is decided
 * again: whether its keys are still on the allow-list.
 */
export class RepeatedAdmission {
  #last: AdmittedRequest | undefined;

  /** Returns the same object as for the request before, if nothing is different. */
  admit(head: RequestHead, context: ProxyContext, now: number): Admission {
    const last = this.#last;
    if (last !== undefined && last.head === head && isStillAllowed(last, context, now)) return last;
    const admission = admit(head, context, now);
    this.#last = admission.kind === "admitted" ? admission : undefined;
    return admission;
  }
}

function isStillAllowed({ client, keys }: AdmittedRequest, context: ProxyContext, now: number): boolean {
  // A preflight has no key.
  if (client === undefined || isExpired(client, now)) return false;
  for (const key of keys) if (context.identify(key) !== client) return false;
  return true;
}
