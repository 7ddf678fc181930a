import { STATUS_CODES } from "node:http";

/** Error answers in the form of RFC 9457. `detail` is a fixed sentence: nothing a client sent comes back in it. */
export const problemType = "application/problem+json";

export function problemBody(status: number, detail: string): string {
  return `${JSON.stringify({ type: "about:blank", title: STATUS_CODES[status] ?? "Error", status, detail })}\n`;
}

export function problem(status: number, detail: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(problemBody(status, detail), { status, headers: { ...headers, "content-type": problemType } });
}
