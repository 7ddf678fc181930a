/** Error responses as problem details (RFC 9457). */
export const problemType = "application/problem+json";

/** A query parameter or a member of the body that is wrong, and why. */
export interface InvalidField {
  readonly where: string;
  readonly message: string;
}

/** `detail` is a fixed sentence: it must not repeat what a client without the token sent. */
export function problemBody(status: number, detail: string, errors?: readonly InvalidField[]): string {
  // See admin-server.ts for why node:http is not imported.
  const title = process.getBuiltinModule("node:http").STATUS_CODES[status] ?? "Error";
  return `${JSON.stringify({ type: "about:blank", title, status, detail, ...(errors === undefined ? {} : { errors }) })}\n`;
}

export function problem(status: number, detail: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(problemBody(status, detail), { status, headers: { ...headers, "content-type": problemType } });
}

/** An error response to an authenticated client, which may see all details. */
export class ApiError extends Error {
  readonly status: 400 | 404 | 409 | 413 | 415 | 422 | 503;
  readonly errors: readonly InvalidField[] | undefined;

  constructor(status: ApiError["status"], detail: string, errors?: readonly InvalidField[]) {
    super(detail);
    this.name = "ApiError";
    this.status = status;
    this.errors = errors;
  }

  get response(): Response {
    const body = problemBody(this.status, this.message, this.errors);
    return new Response(body, { status: this.status, headers: { "content-type": problemType } });
  }
}
