import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { requestsInJournal } from "../durability/fixture.ts";
import { eventually } from "../harness/until.ts";
import { readFinalResponse, statusOf } from "../harness/raw-message.ts";
import { evaluateInWorker } from "../proxy/inspector.ts";
import {
  jsonResponse,
  chunk,
  contentEvent,
  get,
  lastChunk,
  post,
  startProxyFixture,
  streamHead,
  type ProxyFixture,
} from "../proxy/fixture.ts";

const options = {
  config: { server: { workers: 2 }, timeouts: { drain_seconds: 600 } },
  // Node.js's inspector reaches into a worker: the gateway has no hook for breaking it.
  env: { NODE_OPTIONS: "--inspect=127.0.0.1:0" },
};

let fixture: ProxyFixture;
before(async () => {
  fixture = await startProxyFixture(options);
});
afterEach(() => fixture.clear());
after(async () => {
  // The inspector writes to stderr, so the fixture's own `stop` would fail.
  assert.equal(await fixture.gateway.stop(), 0);
  await fixture.provider.stop();
});

const failures = {
  throws: 'setTimeout(() => { throw new Error("broken on purpose"); }, 10); 1',
  hangs: "setTimeout(() => { for (;;); }, 10); 1",
};

/** The announcement of requests that have run for 50 ms no longer happens. */
const HANGS_AFTER_A_WRITE = `{
  const { prototype } = process.getBuiltinModule("node:net").Socket;
  const { write } = prototype;
  prototype.write = function (...parts) {
    write.apply(this, parts);
    for (;;);
  };
} 1`;

interface WorkerState {
  readonly name: string;
  readonly restarts: number;
  readonly state: string;
}

async function dataWorker(): Promise<WorkerState | undefined> {
  const response = await fetch(`${fixture.gateway.adminUrl}/api/v1/status`);
  const { threads } = (await response.json()) as { threads: readonly WorkerState[] }; // as: the contract of the status API
  return threads.find(({ name }) => name === "data-1");
}

let expectedRestarts = 0;
let expectedInterruptions = 0;

/** Both end with the connection for an HTTP/1.0 client, which cannot tell a cut one from a whole one. */
const endsWithConnection = {
  "without a length": "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n",
  "in chunks": `${streamHead}4\r\n`,
} as const;

for (const [what, how] of [
  ["without a length", "throws"],
  ["in chunks", "throws"],
  ["without a length", "hangs"],
] as const) {
  const head = endsWithConnection[what];
  test(`R97: a response ${what} to an HTTP/1.0 client is reset when its worker ${how}, because an end would look complete`, async (t) => {
    const isolated = await startProxyFixture({ ...options, config: { ...options.config, server: { workers: 1 } } });
    t.after(async () => {
      assert.equal(await isolated.gateway.stop(), 0);
      await isolated.provider.stop();
    });
    const client = await isolated.client();
    client.send(post().replace("HTTP/1.1", "HTTP/1.0"));
    const { connection } = await isolated.provider.nextRequest();
    connection.send(`${head}half`);
    await client.waitFor("half");
    await evaluateInWorker(isolated.gateway, "data-1", failures[how]);
    await client.until("an end of any kind", () => client.ended || client.closed || undefined);
    assert.deepEqual([client.ended, client.wasReset], [false, true]);
    const [record] = await isolated.gateway.records(1);
    assert.equal(record?.error_type, "interrupted");
  });
}

test("R97: a request on which its worker hangs in the moment in which it is forwarded has a record", async (t) => {
  const isolated = await startProxyFixture({ ...options, config: { ...options.config, server: { workers: 1 } } });
  t.after(async () => {
    assert.equal(await isolated.gateway.stop(), 0);
    await isolated.provider.stop();
  });
  await evaluateInWorker(isolated.gateway, "data-1", HANGS_AFTER_A_WRITE);
  const client = await isolated.client();
  client.send(post());
  const [record] = await isolated.gateway.records(1);
  assert.equal(record?.error_type, "interrupted");
  await client.until("an end of any kind", () => client.ended || client.closed || undefined);
  assert.deepEqual([client.ended, client.wasReset], [false, true]);
});

test("R97: a response without a length does not look complete to an HTTP/1.1 client when the process is killed", async (t) => {
  const isolated = await startProxyFixture(options);
  t.after(async () => {
    await isolated.gateway.stop();
    await isolated.provider.stop();
  });
  const client = await isolated.client();
  client.send(post());
  const { connection } = await isolated.provider.nextRequest();
  connection.send(`${endsWithConnection["without a length"]}half`);
  await client.waitFor("half");
  isolated.gateway.signal("SIGKILL");
  await client.until("an end of any kind", () => client.ended || client.closed || undefined);
  assert.equal(readFinalResponse(client.received, "POST", true), undefined);
});

for (const [how, code] of Object.entries(failures)) {
  test(`R97: a data worker that ${how} is restarted; its streams break and those of the other go on`, async () => {
    // The kernel distributes connections among both workers; of two dozen, each gets some.
    const clients = await Promise.all(Array.from({ length: 24 }, () => fixture.client()));
    const requests = clients.map(() => fixture.provider.nextRequest());
    for (const client of clients) client.send(post());
    const connections = (await Promise.all(requests)).map((received) => received.connection);
    for (const connection of connections) connection.send(streamHead + chunk(contentEvent(1)));
    await Promise.all(clients.map((client) => client.waitFor("word")));

    // A worker that hangs announces nothing more, so requests that the journal does not know would have no record.
    await eventually(
      "the journal knows the requests",
      () => requestsInJournal({ directory: fixture.gateway.dataDir }) === clients.length,
    );
    await evaluateInWorker(fixture.gateway, "data-1", code);
    expectedRestarts++;
    await eventually("the worker is restarted", async () => {
      const worker = await dataWorker();
      return worker?.restarts === expectedRestarts && worker.state === "running";
    });

    for (const connection of connections) if (!connection.ended) connection.send(lastChunk);
    await Promise.all(
      clients.map((client) =>
        client.until("an end", () => client.ended || client.closed || client.text.endsWith(lastChunk) || undefined),
      ),
    );
    const whole = clients.filter((client) => client.text.endsWith(lastChunk)).length;
    assert.ok(whole > 0 && whole < clients.length, `${whole} of ${clients.length} streams are whole`);
    assert.match(fixture.gateway.output().stdout, /"data worker ended; its connections were reset"/);
    expectedInterruptions += clients.length - whole;
    await eventually("every broken stream has a record that says so", async () => {
      const records = await fixture.gateway.records(0);
      return records.filter((record) => record.error_type === "interrupted").length === expectedInterruptions;
    });

    await fixture.clear();
    for (let n = 0; n < 8; n++) {
      const client = await fixture.client();
      client.send(get(`/openai/v1/${how}/${n}`));
      const { connection } = await fixture.provider.nextRequest();
      connection.send(jsonResponse(n, "Connection: close"));
      assert.equal(statusOf(await client.message()), 200);
    }
    await eventually("every later call is recorded, once", async () => {
      const records = await fixture.gateway.records(0);
      return records.filter((record) => record.endpoint.startsWith(`/openai/v1/${how}/`)).length === 8;
    });
  });
}

for (const [how, code] of Object.entries(failures)) {
  test(`a data worker that ${how} during a drain does not delay the end of the process`, async (t) => {
    const isolated = await startProxyFixture({ ...options, config: { ...options.config, server: { workers: 1 } } });
    t.after(async () => {
      isolated.gateway.signal("SIGKILL");
      await isolated.gateway.stop();
      await isolated.provider.stop();
    });
    const client = await isolated.client();
    client.send(post());
    await isolated.provider.nextRequest();
    isolated.gateway.signal("SIGTERM");
    await eventually("the drain begins", () =>
      Promise.resolve(isolated.gateway.output().stdout.includes('"draining"')),
    );
    await evaluateInWorker(isolated.gateway, "data-1", code);
    assert.equal(await isolated.gateway.exited(), 0);
    await client.hasEnded();
    assert.match(isolated.gateway.output().stdout, /"data worker ended; its connections were reset"/);
  });
}
