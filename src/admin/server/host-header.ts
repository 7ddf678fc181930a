// Who a request says it is for. A page that a browser loaded from elsewhere can point its own name at 127.0.0.1 (DNS
// rebinding) and then read what a loopback listener answers to anyone; its name in `Host` gives it away.

/** The name of a `Host` value without its port, in lower case; `undefined` where it is no host (RFC 9110 section 7.2). */
export function hostName(value: string): string | undefined {
  const match = /^(?<name>[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/.exec(value);
  return match?.groups?.["name"]?.toLowerCase();
}

/** A name that cannot stand for anything but this machine: an address needs no look-up, `localhost` is never looked up. */
export function isLocalName(name: string): boolean {
  const bare = name.startsWith("[") ? name.slice(1, -1) : name;
  return bare === "localhost" || isLoopbackAddress(bare);
}

export function isLoopbackAddress(address: string): boolean {
  return /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/i.test(address) || address === "::1";
}
