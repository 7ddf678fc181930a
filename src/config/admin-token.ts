/** Contains the token itself. It is not a setting: no file may contain it and nothing shows it. */
export const ADMIN_TOKEN_VARIABLE = "LMGATE_ADMIN__TOKEN";

const MIN_LENGTH = 16;
const MAX_LENGTH = 1024;

/** Matched against the letters only, so that `<CHANGE_ME!>` and `change-me` are the same. */
const PLACEHOLDERS =
  /change(?:me|it|this)|replace(?:me|this)|placeholder|example|insert|secrettoken|password|your(?:token|admin|secret)|(?:token|secret)here|^(?:lmgate)?(?:admin|token)/;

/** Why a text cannot be the admin token; `undefined` if it can. Never quotes the token. */
export function checkAdminToken(text: string): string | undefined {
  const token = text.trim();
  if (token === "") return "the token is empty";
  if (/\s/.test(token)) return "the token contains a space or a line break";
  if (!/^[\x21-\x7e]*$/.test(token)) return "the token contains a character that is not allowed in a header";
  if (token.length < MIN_LENGTH) return `the token has ${token.length} characters; at least ${MIN_LENGTH} are needed`;
  if (token.length > MAX_LENGTH) return `the token has more than ${MAX_LENGTH} characters`;
  if (isPlaceholder(token)) return "the token is a placeholder; replace it by a random one";
  return undefined;
}

function isPlaceholder(token: string): boolean {
  const letters = token.toLowerCase().replaceAll(/[^a-z]/g, "");
  return PLACEHOLDERS.test(letters) || new Set(token).size < 6;
}
