/** The negotiated compression of messages (RFC 7692 §7.1). */
export interface MessageDeflate {
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  readonly serverWindowBits: number;
  readonly clientWindowBits: number;
}

export type Negotiated =
  | { readonly kind: "plain" }
  | ({ readonly kind: "deflate" } & MessageDeflate)
  /** An unknown extension, which may change the frames in any way. */
  | { readonly kind: "unknown" };

/** Reads the `Sec-WebSocket-Extensions` of a 101. Several fields are joined by commas. */
export function negotiatedExtensions(value: string | undefined): Negotiated {
  const items = (value ?? "")
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
  const [only] = items;
  if (only === undefined) return { kind: "plain" };
  return (items.length === 1 ? deflate(only) : undefined) ?? { kind: "unknown" };
}

function deflate(extension: string): Negotiated | undefined {
  const [name = "", ...parameters] = extension.split(";").map((part) => part.trim().toLowerCase());
  if (name !== "permessage-deflate") return undefined;
  const agreed = {
    serverNoContextTakeover: false,
    clientNoContextTakeover: false,
    serverWindowBits: MAX_WINDOW_BITS,
    clientWindowBits: MAX_WINDOW_BITS,
  };
  for (const parameter of parameters) {
    const bits = /^(server|client)_max_window_bits\s*=\s*"?(8|9|1[0-5])"?$/.exec(parameter);
    if (parameter === "server_no_context_takeover") agreed.serverNoContextTakeover = true;
    else if (parameter === "client_no_context_takeover") agreed.clientNoContextTakeover = true;
    else if (bits?.[1] === "server") agreed.serverWindowBits = Number(bits[2]);
    else if (bits?.[1] === "client") agreed.clientWindowBits = Number(bits[2]);
    else return undefined;
  }
  return { kind: "deflate", ...agreed };
}

const MAX_WINDOW_BITS = 15;
