const MIN_LENGTH = 16;

const PLACEHOLDERS = /change[-_ ]?me|placeholder|example|your[-_ ]|secret-?token|^admin|^password|^token/i;

/** Why the text of a token file cannot guard the admin port; `undefined` when it can. Never quotes the token. */
export function checkAdminToken(text: string): string | undefined {
  const token = text.trim();
  if (token === "") return "the file is empty";
  if (/\s/.test(token)) return "the token holds a space or a line break";
  if (!/^[\x21-\x7e]*$/.test(token)) return "the token holds a character that cannot travel in a header";
  if (token.length < MIN_LENGTH) return `the token has ${token.length} characters; at least ${MIN_LENGTH} are needed`;
  if (PLACEHOLDERS.test(token) || new Set(token).size < 6) return "the token is a placeholder; put a random one there";
  return undefined;
}
