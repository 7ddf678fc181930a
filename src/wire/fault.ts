/**
 * Why a message was rejected. `detail` names the rule that was broken and never repeats a byte of the message, which may
 * contain a key.
 */
export interface WireFault {
  readonly fault: "malformed" | "head-too-large" | "version";
  readonly detail: string;
}

export function isFault(value: unknown): value is WireFault {
  return typeof value === "object" && value !== null && "fault" in value;
}

export function malformed(detail: string): WireFault {
  return { fault: "malformed", detail };
}

export function tooLarge(detail: string): WireFault {
  return { fault: "head-too-large", detail };
}

export function wrongVersion(): WireFault {
  return { fault: "version", detail: "only HTTP/1.0 and HTTP/1.1 are spoken here" };
}
