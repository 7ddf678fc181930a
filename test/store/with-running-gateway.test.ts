// The store beside a running gateway: it starts when it is needed, a command can read it meanwhile, and it ends with the gateway.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { existsSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { eventually } from "../harness/until.ts";
import { run } from "../harness/run-program.ts";
import { startGateway, testKey, type Gateway } from "../harness/gateway.ts";

const skip = !existsSync("/proc/self/task");
const headers = { authorization: `Bearer ${testKey.key}` };

async function startWithStore(t: TestContext): Promise<Gateway> {
  const upstream = createServer((_request, response) => response.end("{}")).listen(0, "127.0.0.1");
  await once(upstream, "listening");
  t.after(() => upstream.close());
  const address = upstream.address();
  assert.ok(typeof address === "object" && address !== null);
  return startGateway({
    config: { store: { enabled: true }, providers: { openai: { upstream: `http://127.0.0.1:${address.port}/` } } },
  });
}

test(
  "the store starts with the first query, a command sees each request at once, and both end together",
  { skip },
  async (t) => {
    const gateway = await startWithStore(t);
    let child: number | undefined;
    try {
      await (await fetch(`${gateway.url}/openai/v1/models`, { headers })).text();
      await gateway.records(1);
      assert.deepEqual(childrenOf(gateway.pid), [], "there was no query");
      const token = readFileSync(join(gateway.directory, "data", "admin-token"), "utf8").trim();
      const usage = await fetch(`${gateway.adminUrl}/api/v1/usage`, { headers: { authorization: `Bearer ${token}` } });
      assert.equal(usage.status, 200, await usage.text());
      child = storeOf(gateway.pid);
      const main = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");
      const args = [main, "store", "stats", "--json", "--config", "lmgate.yaml"];
      const stats = await run(process.execPath, args, gateway.directory);
      assert.match(stats.stdout, /"records": 1,/);
    } finally {
      assert.equal(await gateway.stop(), 0);
    }
    assert.ok(child !== undefined && !isAlive(child), "the store's process outlived the gateway");
  },
);

test(
  "the store reads what is new when another program rotates the stats file, which it may delete",
  { skip },
  async (t) => {
    const gateway = await startWithStore(t);
    try {
      await (await fetch(`${gateway.url}/openai/v1/models`, { headers })).text();
      await gateway.records(1);
      renameSync(gateway.statsPath, `${gateway.statsPath}-20261201`);
      await (await fetch(`${gateway.url}/openai/v1/models`, { headers })).text();
      await eventually("the store's process is running", () => storeOf(gateway.pid) !== undefined);
    } finally {
      assert.equal(await gateway.stop(), 0);
    }
  },
);

function storeOf(pid: number): number | undefined {
  return childrenOf(pid).find((child) => commandOf(child).includes("store-main"));
}

function childrenOf(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ");
  return children.map(Number).filter((child) => child > 0);
}

function commandOf(pid: number): string {
  return existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, "utf8") : "";
}

/** A zombie, which ended but was not waited for, is not alive. */
function isAlive(pid: number): boolean {
  return commandOf(pid).includes("store-main");
}
