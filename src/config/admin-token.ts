/** Holds the token itself. It is no setting: no file has it and nothing shows it. */
export const ADMIN_TOKEN_VARIABLE = "LMGATE_ADMIN__TOKEN";

const MIN_LENGTH = 16;
const MAX_LENGTH = 1024;

/** Looked for in the letters alone, so that `<CHANGE_ME!>` and `change-me` are one. */
const PLACEHOLDERS =
  /change(?:me|it|this)|replace(?:me|this)|placeholder|example|insert|secrettoken|password|your(?:token|admin|secret)|(?:token|secret)here|^(?:lmgate)?(?:admin|token)/;

/** Why the text of a token file, or of the variable, cannot guard the admin port; `undefined` when it can. Never quotes the token. */
export function checkAdminToken(text: string): string | undefined {
  const token = text.trim();
  if (token === "") return "the token is empty";
  if (/\s/.test(token)) return "the token holds a space or a line break";
  if (!/^[\x21-\x7e]*$/.test(token)) return "the token holds a character that cannot travel in a header";
  if (token.length < MIN_LENGTH) return `the token has ${token.length} characters; at least ${MIN_LENGTH} are needed`;
  if (token.length > MAX_LENGTH) return `the token has more than ${MAX_LENGTH} characters`;
  if (isPlaceholder(token)) return "the token is a placeholder; put a random one there";
  return undefined;
}

function isPlaceholder(token: string): boolean {
  const letters = token.toLowerCase().replaceAll(/[^a-z]/g, "");
  return PLACEHOLDERS.test(letters) || new Set(token).size < 6;
}
