/** The forms in which a secret can get into a file by accident, and a search for all of them. */

export interface Finding {
  readonly form: string;
  /** The text around it, without the secret itself. */
  readonly around: string;
}

/** Names of forms and the text to search for. Everything is latin1 text, one character per byte. */
export function formsOf(secret: string): ReadonlyMap<string, string> {
  const bytes = Buffer.from(secret, "latin1");
  const forms = new Map<string, string>([
    ["raw", secret],
    ["lower case", secret.toLowerCase()],
    ["upper case", secret.toUpperCase()],
    ["first 20", secret.slice(0, 20)],
    ["last 20", secret.slice(-20)],
    ["reversed", Buffer.from(bytes.toReversed()).toString("latin1")],
    ["hex", bytes.toString("hex")],
    ["HEX", bytes.toString("hex").toUpperCase()],
    ["percent-encoded", encodeURIComponent(secret)],
    ["percent-encoded whole", everyByte(bytes, "%")],
    ["percent-encoded whole, upper case", everyByte(bytes, "%").toUpperCase()],
    ["JSON", JSON.stringify(secret).slice(1, -1)],
    ["JSON twice", JSON.stringify(JSON.stringify(secret).slice(1, -1)).slice(1, -1)],
    ["JSON escapes", everyByte(bytes, "\\u00")],
  ]);
  for (const alignment of [0, 1, 2]) {
    forms.set(`base64 at ${alignment}`, base64At(bytes, alignment, "base64"));
    forms.set(`base64url at ${alignment}`, base64At(bytes, alignment, "base64url"));
  }
  return forms;
}

/** The places where `text` contains `secret` in any form. */
export function findSecret(text: string, secret: string): readonly Finding[] {
  const found: Finding[] = [];
  for (const [form, needle] of formsOf(secret)) {
    const at = text.indexOf(needle);
    if (at < 0) continue;
    const around = `${text.slice(Math.max(0, at - 80), at)}‹${form}›${text.slice(at + needle.length, at + needle.length + 40)}`;
    found.push({ form, around });
  }
  return found;
}

function everyByte(bytes: Buffer, mark: string): string {
  return [...bytes].map((byte) => mark + byte.toString(16).padStart(2, "0")).join("");
}

/** The part of the secret that shows in the base64 of a longer text: the groups that encode no other bytes. */
function base64At(bytes: Buffer, alignment: number, encoding: "base64" | "base64url"): string {
  const from = (3 - alignment) % 3;
  const whole = bytes.subarray(from, from + Math.floor((bytes.length - from) / 3) * 3);
  return whole.toString(encoding);
}
