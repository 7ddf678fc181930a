/** A DNS server for a network namespace. It responds as a test tells it, or not at all. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";

/** Addresses of either family, a response code (RFC 1035 §4.1.1), or silence. */
export type Zone = Map<string, readonly string[] | "NXDOMAIN" | "SERVFAIL" | "silence">;

const CODES = { SERVFAIL: 2, NXDOMAIN: 3 } as const;
const A = 1;
const AAAA = 28;

export async function startResolver(zone: Zone): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.on("message", (query, { address, port }) => {
    const reply = replyTo(query, zone);
    if (reply !== undefined) socket.send(reply, port, address);
  });
  socket.bind(53, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

function replyTo(query: Buffer, zone: Zone): Buffer | undefined {
  const { name, end } = queryIn(query);
  const known = zone.get(name) ?? "NXDOMAIN";
  if (known === "silence") return undefined;
  const type = query.readUInt16BE(end);
  const addresses = typeof known === "string" ? [] : known.filter((address) => isIPv6(address) === (type === AAAA));
  const head = Buffer.from(query.subarray(0, 12));
  head.writeUInt16BE(0x8180 | (typeof known === "string" ? CODES[known] : 0), 2);
  head.writeUInt16BE(type === A || type === AAAA ? addresses.length : 0, 6);
  head.writeUInt32BE(0, 8);
  return Buffer.concat([
    head,
    query.subarray(12, end + 4),
    ...addresses.map((address) => toRequestRecord(address, type)),
  ]);
}

function queryIn(query: Buffer): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join("."), end: at + 1 };
}

/** The name is that of the query, and the TTL is 0. */
function toRequestRecord(address: string, type: number): Buffer {
  const data = isIPv6(address) ? ipv6Of(address) : Buffer.from(address.split(".").map(Number));
  const head = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 0, 0, data.length]);
  return Buffer.concat([head, data]);
}

/** The tests write IPv6 addresses with `::`. */
function ipv6Of(address: string): Buffer {
  const [left = [], right = []] = address.split("::").map((half) => half.split(":").filter((group) => group !== ""));
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill("0"), ...right];
  return Buffer.from(groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]));
}
