/** Our verdicts on the reference requests, measured, beside those of other proxies. */
import { enterBattlefield, withKey } from "./attack-fixture.ts";
import { exchange, talk } from "./raw-exchange.ts";
import {
  ALLOWED_BY_RFC,
  REFERENCE_REQUESTS,
  refuses,
  type Other,
  type ReferenceRequest,
  type Verdict,
} from "./reference-requests.ts";
import { jsonAnswer, startRecordingUpstream, type RecordingUpstream } from "./recording-upstream.ts";

/** The proxies that are measured by: what any of them refuses, LMGate refuses. */
const STRICT: readonly Other[] = ["haproxy", "nginx", "caddy"];

export interface Comparison {
  readonly name: string;
  readonly ours: Verdict;
  readonly others: Readonly<Record<Other, Verdict>>;
  /** Which proxies refused what LMGate passed on. */
  readonly laxerThan: readonly Other[];
  /** LMGate refused what all the others passed on. */
  readonly strictest: boolean;
  /** Laxer on purpose: the standard asks for it. */
  readonly allowed: boolean;
}

export function compare(request: ReferenceRequest, ours: Verdict, others: Comparison["others"]): Comparison {
  const laxerThan = STRICT.filter((other) => refuses(others[other]) && ours.forwarded);
  return {
    name: request.name,
    ours,
    others,
    laxerThan,
    strictest: refuses(ours) && STRICT.every((other) => others[other].forwarded),
    allowed: ALLOWED_BY_RFC.includes(request.name),
  };
}

/** Sends each reference request, with a key, to a gateway started for it. */
export async function measureOurs(): Promise<ReadonlyMap<string, Verdict>> {
  const field = await enterBattlefield({ config: { server: { max_head_kilobytes: 16 } } });
  const verdicts = new Map<string, Verdict>();
  try {
    for (const { name, bytes } of REFERENCE_REQUESTS) {
      const { statuses, open } = await field.talk(withKey(bytes));
      verdicts.set(name, { statuses, closed: !open, forwarded: field.taken().length > 0 });
    }
  } finally {
    await field.leave();
  }
  return verdicts;
}

/** The same requests, without a key, to a proxy that is running in front of an upstream of `startAnsweringUpstream`. */
export async function measureProxy(port: number, upstream: RecordingUpstream): Promise<ReadonlyMap<string, Verdict>> {
  const verdicts = new Map<string, Verdict>();
  for (const { name, bytes } of REFERENCE_REQUESTS) {
    upstream.requests.length = 0;
    const { statuses, open } = await talk(port, bytes).catch(() => rawStatuses(port, bytes));
    const forwarded = upstream.requests.some(({ target }) => target !== "/healthz");
    verdicts.set(name, { statuses, closed: !open, forwarded });
  }
  return verdicts;
}

/** It also answers the question by which `talk` finds out whether a connection can still be used. */
export async function startAnsweringUpstream(): Promise<RecordingUpstream> {
  const upstream = await startRecordingUpstream();
  const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  upstream.answer = (socket, { target }) => void socket.write(target === "/healthz" ? ok : jsonAnswer());
  return upstream;
}

/** What answered is no HTTP/1.1 that can be read to its end; its status lines are still worth a row. */
async function rawStatuses(port: number, bytes: string) {
  const received = await exchange(port, Buffer.from(bytes, "latin1")).catch(() => Buffer.alloc(0));
  const found = received.toString("latin1").matchAll(/HTTP\/1\.[01] (\d{3})/g);
  const statuses = Array.from(found, ([, status]) => Number(status));
  return { statuses, open: false };
}
