/**
 * True for header fields that belong to one hop (RFC 9110 §7.6.1). The code that writes a head decides about framing
 * fields and `Upgrade`.
 */
export function isHopByHop(name: string): boolean {
  switch (name) {
    case "connection":
    case "keep-alive":
    case "te":
      return true;
    default:
      return name.startsWith("proxy-");
  }
}
