/** The code of a system error (`ENOSPC`, `EIO`, …); `undefined` for any other error. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
