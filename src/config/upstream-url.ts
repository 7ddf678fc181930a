import { BlockList, isIP } from "node:net";
import type { Upstream } from "../core/provider.ts";

export type UpstreamRead =
  | { readonly upstream: Upstream; readonly warning: string | undefined }
  | { readonly message: string };

const FORM = /^(https?):\/\/([^/?#]*)(.*)$/i;

/**
 * Reads `https://host:port/prefix/`. The prefix is not decoded or normalized, so the provider receives exactly this prefix
 * followed by what the client sent.
 */
export function parseUpstream(text: string): UpstreamRead {
  const parts = FORM.exec(text);
  if (parts === null) return { message: "allowed is an http:// or https:// URL" };
  const [, scheme = "", authority = "", path = ""] = parts;
  const issue = issueOfText(text, authority, path);
  if (issue !== undefined) return { message: issue };
  const url = URL.parse(`${scheme}://${authority}/`);
  if (url === null || url.hostname === "") return { message: "the host or the port is invalid" };

  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (isLinkLocal(host)) return { message: "link-local addresses (cloud metadata) are not allowed" };
  const secure = url.protocol === "https:";
  const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port);
  if (port === 0) return { message: "port 0 is not allowed" };
  const upstream = { secure, host, port, pathPrefix: path.replace(/\/+$/, ""), authority: url.host };
  const warning =
    secure || isPrivate(host)
      ? undefined
      : "plain http to a public host: anyone on the network path can read keys and prompts; use https";
  return { upstream: Object.freeze(upstream), warning };
}

/** The upstream as a URL. */
export function formatUpstream(upstream: Upstream): string {
  return `${upstream.secure ? "https" : "http"}://${upstream.authority}${upstream.pathPrefix}/`;
}

/** Replaces everything before an `@` in a URL, where people put passwords. */
export function hideUserinfo(text: string): string {
  return text.replace(/\/\/[^\s"']*@/g, "//…@");
}

function issueOfText(text: string, authority: string, path: string): string | undefined {
  if (authority.includes("@")) return "a user name or password in the URL is not allowed";
  if (text.includes("#")) return "a fragment (#) is not allowed";
  if (text.includes("?")) return "a query (?) is not allowed";
  if (!/^[\x21-\x7e]*$/.test(path) || path.includes("\\"))
    return "the path contains a character that is not allowed in a URL";
  const segments = path.split("/").map((segment) => segment.replace(/%2e/gi, "."));
  if (segments.some((segment) => segment === "." || segment === ".."))
    return "'.' and '..' in the path are not allowed";
  return undefined;
}

/** RFC 3927, RFC 4291 section 2.5.6, and the address at which AWS serves metadata over IPv6. */
function isLinkLocal(host: string): boolean {
  if (host === "metadata.google.internal") return true;
  const list = new BlockList();
  list.addSubnet("169.254.0.0", 16, "ipv4");
  list.addSubnet("fe80::", 10, "ipv6");
  list.addAddress("fd00:ec2::254", "ipv6");
  return checkAddress(list, host);
}

/** RFC 1918, RFC 4193, RFC 6598 and loopback addresses; names without a dot and names that public DNS does not have. */
function isPrivate(host: string): boolean {
  if (isIP(host) === 0) {
    return (
      !host.includes(".") || /\.(?:localhost|local|internal|lan|home|test|svc|cluster\.local|home\.arpa)$/.test(host)
    );
  }
  const list = new BlockList();
  list.addSubnet("127.0.0.0", 8, "ipv4");
  list.addSubnet("10.0.0.0", 8, "ipv4");
  list.addSubnet("172.16.0.0", 12, "ipv4");
  list.addSubnet("192.168.0.0", 16, "ipv4");
  list.addSubnet("100.64.0.0", 10, "ipv4");
  list.addSubnet("fc00::", 7, "ipv6");
  list.addAddress("::1", "ipv6");
  return checkAddress(list, host);
}

function checkAddress(list: BlockList, host: string): boolean {
  const family = isIP(host);
  return family !== 0 && list.check(host, family === 4 ? "ipv4" : "ipv6");
}
