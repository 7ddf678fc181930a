// Forwarding loops: a provider that is the gateway itself, or another gateway that forwards back. LMGate must add nothing to a
// request, so it has no hop count.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startGateway, type Gateway } from "../harness/gateway.ts";
import { bearer, goodKey, KEY_FIELD, otherKey, request } from "./attack-fixture.ts";
import { freePort } from "../harness/free-port.ts";
import { sendRaw } from "./raw-exchange.ts";

let here: Gateway;
let there: Gateway;
before(async () => {
  const [one, two] = [await freePort(), await freePort()];
  here = await startGateway({
    keys: [goodKey],
    config: {
      server: { port: one, host: "0.0.0.0" },
      providers: {
        // A spelling of 127.0.0.1 that the check of the configuration does not recognize, like a name in DNS.
        home: { upstream: `http://[::ffff:7f00:1]:${one}/home` },
        ring: { upstream: `http://127.0.0.1:${two}/ring` },
      },
    },
  });
  there = await startGateway({
    keys: [otherKey],
    config: { server: { port: two }, providers: { ring: { upstream: `http://127.0.0.1:${one}/ring` } } },
  });
});
after(async () => {
  assert.equal(await here.stop(), 0);
  assert.equal(await there.stop(), 0);
});

test("S10: a request to a provider that resolves to the gateway itself ends at the first hop", async () => {
  for (const key of [`${KEY_FIELD}\r\n`, bearer(goodKey.key)]) {
    const { responses, statuses } = await sendRaw(here.port, request("GET", "/home/x", key));
    assert.deepEqual(statuses, [502]);
    assert.match(responses[0]?.text ?? "", /upstream_unreachable/);
  }
  const records = await here.records(2);
  assert.deepEqual(
    records.map(({ endpoint, error_type: type, error_code: code }) => [endpoint, type, code]),
    Array.from({ length: 2 }, () => ["/home/x", "upstream_unreachable", "proxy_loop"]),
  );
});

test("S10: a loop of two gateways ends where the key is not on the allow-list; an x-lmgate-key ends at the second one", async () => {
  for (const key of [`${KEY_FIELD}\r\n`, bearer(goodKey.key)]) {
    assert.deepEqual((await sendRaw(here.port, request("GET", "/ring/x", key))).statuses, [403]);
  }
  const requests = (await here.records(4)).filter(({ endpoint }) => endpoint === "/ring/x");
  assert.deepEqual(
    requests.map(({ status }) => status),
    [403, 403],
  );
  assert.deepEqual(await there.records(0), []);
});
