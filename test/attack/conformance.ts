/** LMGate's results for the reference requests, measured, beside those of other proxies. */
import { startAttackFixture, withKey } from "./attack-fixture.ts";
import { exchange, sendRaw } from "./raw-exchange.ts";
import {
  ALLOWED_BY_RFC,
  REFERENCE_REQUESTS,
  rejects,
  type Other,
  type ReferenceRequest,
  type ProxyResult,
} from "./reference-requests.ts";
import { jsonResponse, startRecordingUpstream, type RecordingUpstream } from "./recording-upstream.ts";

/** The proxies to compare with: LMGate rejects what any of them rejects. */
const STRICT: readonly Other[] = ["haproxy", "nginx", "caddy"];

export interface Comparison {
  readonly name: string;
  readonly ours: ProxyResult;
  readonly others: Readonly<Record<Other, ProxyResult>>;
  /** The proxies that rejected what LMGate forwarded. */
  readonly laxerThan: readonly Other[];
  /** LMGate rejected what all the others forwarded. */
  readonly strictest: boolean;
  /** LMGate is laxer on purpose, because the standard asks for it. */
  readonly allowed: boolean;
}

export function compare(request: ReferenceRequest, ours: ProxyResult, others: Comparison["others"]): Comparison {
  const laxerThan = STRICT.filter((other) => rejects(others[other]) && ours.forwarded);
  return {
    name: request.name,
    ours,
    others,
    laxerThan,
    strictest: rejects(ours) && STRICT.every((other) => others[other].forwarded),
    allowed: ALLOWED_BY_RFC.includes(request.name),
  };
}

/** Sends each reference request, with a key, to a gateway that is started for it. */
export async function measureGateway(): Promise<ReadonlyMap<string, ProxyResult>> {
  const fixture = await startAttackFixture({ config: { server: { max_head_kilobytes: 16 } } });
  const results = new Map<string, ProxyResult>();
  try {
    for (const { name, bytes } of REFERENCE_REQUESTS) {
      const { statuses, open } = await fixture.send(withKey(bytes));
      results.set(name, { statuses, closed: !open, forwarded: fixture.takeRequests().length > 0 });
    }
  } finally {
    await fixture.stop();
  }
  return results;
}

/** Sends the same requests, without a key, to a proxy in front of an upstream of `startRespondingUpstream`. */
export async function measureProxy(
  port: number,
  upstream: RecordingUpstream,
): Promise<ReadonlyMap<string, ProxyResult>> {
  const results = new Map<string, ProxyResult>();
  for (const { name, bytes } of REFERENCE_REQUESTS) {
    upstream.requests.length = 0;
    const { statuses, open } = await sendRaw(port, bytes).catch(() => rawStatuses(port, bytes));
    const forwarded = upstream.requests.some(({ target }) => target !== "/healthz");
    results.set(name, { statuses, closed: !open, forwarded });
  }
  return results;
}

/** It also responds to the health request by which `sendRaw` finds out whether a connection can still be used. */
export async function startRespondingUpstream(): Promise<RecordingUpstream> {
  const upstream = await startRecordingUpstream();
  const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  upstream.respond = (socket, { target }) => void socket.write(target === "/healthz" ? ok : jsonResponse());
  return upstream;
}

/** The response is not readable HTTP/1.1, but its status lines are still worth a row. */
async function rawStatuses(port: number, bytes: string) {
  const text = await exchange(port, bytes).then(
    ({ received }) => received.toString("latin1"),
    () => "",
  );
  const found = text.matchAll(/HTTP\/1\.[01] (\d{3})/g);
  const statuses = Array.from(found, ([, status]) => Number(status));
  return { statuses, open: false };
}
