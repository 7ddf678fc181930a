/** A running gateway between raw clients and recording upstreams. Each lane has its own provider and runs one case at a time. */
import assert from "node:assert/strict";

import { startAttackFixture, keyed, withKey, type AttackFixture } from "../attack-fixture.ts";
import { startRecordingUpstream, type RecordingUpstream } from "../recording-upstream.ts";
import { requestCheck } from "./gateway-requests.ts";
import { responseCheck } from "./gateway-responses.ts";
import { exchange, HEALTH_REQUEST } from "../raw-exchange.ts";
import type { Lane } from "./lane.ts";
import { REQUESTS, RESPONSES } from "./seeds.ts";
import type { Target } from "./target.ts";

export interface GatewayFuzz {
  /** Each lane runs one case at a time. */
  readonly lanes: readonly Target[];
  /** Fails unless the gateway is healthy, has one record for each request, and exits cleanly. */
  close(): Promise<void>;
}

const TIMEOUTS = {
  // a request that lost its end times out at once
  client_idle_seconds: 1,
  client_head_seconds: 1,
  client_body_idle_seconds: 1,
  response_head_seconds: 2,
  stream_idle_seconds: 2,
};

/** Half of the lanes are for requests, the others for responses. */
export async function startGatewayFuzz(count: number): Promise<GatewayFuzz> {
  // No small change turns one of these names into another.
  const names = Array.from({ length: count }, (_, at) => `lane-${((at + 1) * 0x9e3779b1).toString(36)}`);
  const upstreams = await Promise.all(names.map(() => startRecordingUpstream()));
  const authorities = upstreams.map(({ port }) => `127.0.0.1:${port}`);
  const providers = Object.fromEntries(names.map((name, at) => [name, { upstream: `http://${authorities[at]}` }]));
  const fixture = await startAttackFixture({ config: { timeouts: TIMEOUTS, providers } });
  const lanes = upstreams.map((upstream, at) => ({
    name: names[at] ?? "",
    upstream,
    authority: authorities[at] ?? "",
    exchange: (sent: string) => exchange(fixture.gateway.port, `${sent}${HEALTH_REQUEST}`),
  }));
  return {
    lanes: lanes.map((lane, at) => (at % 2 === 0 ? requestTarget(lane) : responseTarget(lane))),
    close: () => close(fixture, upstreams),
  };
}

function requestTarget(lane: Lane): Target {
  return {
    name: "gateway-requests",
    seeds: REQUESTS,
    // Key and prefix come last, so that most requests are rejected for their form and not for key or path.
    check: (text) => requestCheck(lane, withKey(text).replaceAll("/openai/", `/${lane.name}/`)),
  };
}

function responseTarget(lane: Lane): Target {
  return {
    name: "gateway-responses",
    seeds: RESPONSES,
    check: (text, random) => responseCheck(lane, text, random),
  };
}

async function close(fixture: AttackFixture, upstreams: readonly RecordingUpstream[]): Promise<void> {
  const { responses } = await fixture.send(keyed("GET", "/healthz"));
  assert.equal(responses[0]?.text, "ok");
  // Each forwarded response belongs to a request. A request whose upstream failed may have been retried, so it is not counted.
  const forwarded = upstreams.filter((_, at) => at % 2 === 0).reduce((sum, { seen }) => sum + seen.requests, 0);
  await fixture.gateway.records(forwarded);
  await Promise.all(upstreams.map((upstream) => upstream.close()));
  await fixture.stop();
}
