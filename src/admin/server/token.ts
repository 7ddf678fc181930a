// The only credential of the admin listener. It is stored in its own file or in an environment variable, but never in the
// configuration, which operators share, nor in an argument list, which `ps` shows to every user.
import { randomBytes } from "node:crypto";
import { closeSync, fstatSync, fsyncSync, mkdirSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { errorCode } from "../../core/errno.ts";
import { makeDirectories } from "../../core/make-directories.ts";
import { ADMIN_TOKEN_VARIABLE, checkAdminToken } from "../../config/admin-token.ts";

export interface TokenContext {
  readonly warn: (message: string) => void;
  /** True for a key of the allow-list, which must never be the admin token. */
  readonly isClientKey: (text: string) => boolean;
}

/** The token cannot be used. The message says where it is and what to do, and never contains the token. */
export class AdminTokenError extends Error {
  override readonly name = "AdminTokenError";
}

/** More than the longest valid token. */
const maxBytes = 4096;

/** Reads the token. If the file is missing, creates one with 32 random bytes that only its owner can read. */
export function loadAdminToken(path: string, context: TokenContext): { token: string; created: boolean } {
  const newToken = createToken(path);
  if (newToken !== undefined) return { token: newToken, created: true };
  const { text, mode } = readToken(path);
  const token = text.trim();
  const issue = findIssue(token, context);
  if (issue !== undefined) {
    throw new AdminTokenError(
      `admin token file ${path}: ${issue}; delete the file and restart LMGate to create a new token`,
    );
  }
  // Its group may read it, because containers often share a volume that way.
  if ((mode & 0o007) !== 0) {
    context.warn(`admin token file ${path} can be read by every user of this machine; run chmod 600 on it`);
  }
  return { token, created: false };
}

/** Checks the token that the environment provides; the file is not read then. */
export function givenAdminToken(text: string, context: TokenContext): string {
  const token = text.trim();
  const issue = findIssue(token, context);
  if (issue === undefined) return token;
  throw new AdminTokenError(`environment variable ${ADMIN_TOKEN_VARIABLE}: ${issue}; unset it to use admin.token_path`);
}

/** Returns `undefined` if the file exists. O_EXCL: of two processes that start at the same time, only one creates it. */
function createToken(path: string): string | undefined {
  let file: number;
  try {
    makeDirectories(dirname(path), { make: mkdirSync, parentOf: dirname });
    file = openSync(path, "wx", 0o600);
  } catch (error) {
    if (errorCode(error) === "EEXIST") return undefined;
    throw unusable(path, "cannot be created", error);
  }
  const token = randomBytes(32).toString("base64url");
  try {
    writeSync(file, `${token}\n`);
    fsyncSync(file);
  } catch (error) {
    unlinkSync(path);
    throw unusable(path, "cannot be written", error);
  } finally {
    closeSync(file);
  }
  return token;
}

function readToken(path: string): { text: string; mode: number } {
  try {
    const file = openSync(path, "r");
    try {
      const buffer = Buffer.alloc(maxBytes);
      const length = readSync(file, buffer, 0, maxBytes, 0);
      return { text: buffer.toString("utf8", 0, length), mode: fstatSync(file).mode };
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw unusable(path, "cannot be read", error);
  }
}

function findIssue(token: string, context: TokenContext): string | undefined {
  const issue = checkAdminToken(token);
  if (issue !== undefined) return issue;
  return context.isClientKey(token) ? "the token is also a key of the allow-list; use a different secret" : undefined;
}

function unusable(path: string, problem: string, cause: unknown): AdminTokenError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new AdminTokenError(`admin token file ${path} ${problem}: ${detail}`, { cause });
}
