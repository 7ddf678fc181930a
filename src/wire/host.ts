import { DIGIT, HEX, NAME, octet } from "./octet.ts";

// The longest DNS name, with brackets and a port.
const MAX_HOST = 255 + 6;

/** True for `uri-host [ ":" port ]` (RFC 9110 §7.2, RFC 3986 §3.2.2) that is not empty and not too long. */
export function isHost(value: string): boolean {
  if (value.length === 0 || value.length > MAX_HOST) return false;
  const end = value.startsWith("[") ? endOfLiteral(value) : endOfName(value);
  if (end <= 0) return false;
  return end === value.length || isPort(value, end);
}

/** True for `host:port`, the only form of target that CONNECT may have (RFC 9112 §3.2.3). */
export function isAuthority(value: string): boolean {
  return isHost(value) && (octet(value.charCodeAt(value.length - 1)) & DIGIT) !== 0 && /:\d+$/.test(value);
}

function endOfName(value: string): number {
  let at = 0;
  while (at < value.length) {
    const code = value.charCodeAt(at);
    if ((octet(code) & NAME) !== 0) at++;
    else if (code === 0x25 && isHex(value, at + 1) && isHex(value, at + 2)) at += 3;
    else break;
  }
  return at;
}

function isHex(value: string, at: number): boolean {
  return at < value.length && (octet(value.charCodeAt(at)) & HEX) !== 0;
}

function isPort(value: string, colon: number): boolean {
  if (value[colon] !== ":" || value.length > colon + 6) return false;
  for (let at = colon + 1; at < value.length; at++) {
    if ((octet(value.charCodeAt(at)) & DIGIT) === 0) return false;
  }
  return Number(value.slice(colon + 1)) <= 65_535;
}

function endOfLiteral(value: string): number {
  const close = value.indexOf("]");
  if (close < 0) return -1;
  const literal = value.slice(1, close);
  return isIpv6(literal) || /^v[0-9a-f]+\.[\w.~!$&'()*+,;=:-]+$/i.test(literal) ? close + 1 : -1;
}

function isIpv6(literal: string): boolean {
  const halves = literal.split("::");
  if (halves.length > 2) return false;
  let groups = 0;
  for (const [index, half] of halves.entries()) {
    if (half === "") {
      if (halves.length === 1) return false;
      continue;
    }
    const parts = half.split(":");
    const last = parts.at(-1) ?? "";
    // An embedded IPv4 address replaces the last two groups and may appear only there.
    if (last.includes(".") && index === halves.length - 1) {
      if (!isIpv4(last)) return false;
      parts.pop();
      groups += 2;
    }
    if (!parts.every((part) => /^[0-9a-f]{1,4}$/i.test(part))) return false;
    groups += parts.length;
  }
  return halves.length === 2 ? groups <= 7 : groups === 8;
}

function isIpv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}
