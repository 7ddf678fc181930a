// The one credential of the admin listener. It lives in a file of its own; where there is no place for one, in the
// environment. Never in the configuration or an argument list, which people show each other and `ps` shows everybody.
import { randomBytes } from "node:crypto";
import { closeSync, fstatSync, fsyncSync, mkdirSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { errorCode } from "../../core/errno.ts";
import { makeDirectories } from "../../core/make-directories.ts";
import { ADMIN_TOKEN_VARIABLE, checkAdminToken } from "../../config/admin-token.ts";

export interface TokenContext {
  readonly warn: (message: string) => void;
  /** A key of a client must never open the admin listener. */
  readonly isClientKey: (text: string) => boolean;
}

/** The token cannot be used; the message names its place and says what to do. Never contains the token. */
export class AdminTokenError extends Error {
  override readonly name = "AdminTokenError";
}

/** More than any token; what is longer is refused for its length. */
const maxBytes = 4096;

/** Reads the token; makes one of 32 random bytes, readable by its owner alone, where there is no such file yet. */
export function loadAdminToken(path: string, context: TokenContext): { token: string; created: boolean } {
  const made = createToken(path);
  if (made !== undefined) return { token: made, created: true };
  const { text, mode } = readToken(path);
  const token = text.trim();
  const issue = findIssue(token, context);
  if (issue !== undefined) {
    throw new AdminTokenError(`admin token file ${path}: ${issue}; delete the file to have a new token made`);
  }
  // Its group may read it: a container's volume is often shared that way.
  if ((mode & 0o007) !== 0) {
    context.warn(`admin token file ${path} is open to every user of this machine; chmod 600 it`);
  }
  return { token, created: false };
}

/** The token that the environment gives; no file is looked at then. */
export function givenAdminToken(text: string, context: TokenContext): string {
  const token = text.trim();
  const issue = findIssue(token, context);
  if (issue === undefined) return token;
  throw new AdminTokenError(`environment variable ${ADMIN_TOKEN_VARIABLE}: ${issue}; unset it to use admin.token_path`);
}

/** `undefined`: there is a file already. O_EXCL, so that of two processes that start at once only one makes it. */
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
  return context.isClientKey(token)
    ? "the token is a key of the allow-list; it must be a secret of its own"
    : undefined;
}

function unusable(path: string, problem: string, cause: unknown): AdminTokenError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new AdminTokenError(`admin token file ${path} ${problem}: ${detail}`, { cause });
}
