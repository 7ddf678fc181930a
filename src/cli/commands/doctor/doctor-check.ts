/** The result of one check, and how to fix it. */
export interface Check {
  readonly name: string;
  readonly result: "ok" | "warning" | "failure";
  readonly detail: string;
  readonly remedy?: string;
}

export function ok(name: string, detail: string): Check {
  return { name, result: "ok", detail };
}

export function warning(name: string, detail: string, remedy: string): Check {
  return { name, result: "warning", detail, remedy };
}

export function failure(name: string, detail: string, remedy: string): Check {
  return { name, result: "failure", detail, remedy };
}
