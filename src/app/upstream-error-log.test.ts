import assert from "node:assert/strict";
import { test } from "node:test";
import type { Logger } from "../core/log.ts";
import { UpstreamErrorLog } from "./upstream-error-log.ts";

const failed = (provider: string, errorCodes: Readonly<Record<string, number>>) => ({
  records: 1,
  requests: [],
  providers: { [provider]: { upstreamErrors: {}, errorCodes, usageMissing: {} } },
});

test("a new reason is logged at once, and one that stays at most once a minute with the number of requests", () => {
  const lines: object[] = [];
  const warn = (fields: object): void => void lines.push(fields);
  const log = new UpstreamErrorLog({ info: warn, warn, error: warn } satisfies Logger);
  log.add(failed("openai", { port_closed: 2 }), 1_000);
  log.add(failed("openai", { port_closed: 3 }), 2_000);
  log.add(failed("openai", { tls_expired: 1 }), 3_000);
  log.add(failed("mistral", { port_closed: 1 }), 4_000);
  log.add(failed("openai", { port_closed: 4 }), 61_000);
  log.add(failed("openai", {}), 200_000);
  assert.deepEqual(lines, [
    { provider: "openai", code: "port_closed", requests: 2 },
    { provider: "openai", code: "tls_expired", requests: 1 },
    { provider: "mistral", code: "port_closed", requests: 1 },
    { provider: "openai", code: "port_closed", requests: 7 },
  ]);
});
