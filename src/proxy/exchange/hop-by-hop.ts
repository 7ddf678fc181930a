/** Header fields that belong to one hop (RFC 9110 §7.6.1). Framing fields and `Upgrade` are decided where they are written. */
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
