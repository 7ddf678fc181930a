// Checks of the `Host` header against DNS rebinding: a page of another site can point its own host name at 127.0.0.1 and
// then read what a loopback listener serves without a credential. Its host name in `Host` gives it away.

/** The name of a `Host` value without its port, in lower case; `undefined` if it is no valid host (RFC 9110 section 7.2). */
export function hostName(value: string): string | undefined {
  const match = /^(?<name>[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/.exec(value);
  return match?.groups?.["name"]?.toLowerCase();
}

/** True for names that always mean this machine: loopback addresses, and `localhost`, which browsers never look up in DNS. */
export function isLocalName(name: string): boolean {
  const bare = name.startsWith("[") ? name.slice(1, -1) : name;
  return bare === "localhost" || isLoopbackAddress(bare);
}

export function isLoopbackAddress(address: string): boolean {
  return /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/i.test(address) || address === "::1";
}
