// The store beside a running gateway: it starts with the gateway, a command can read it meanwhile, and it ends with the gateway.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { HANG_MS } from "../harness/until.ts";
import { run } from "../harness/run-program.ts";
import { startGateway, testKey } from "../harness/gateway.ts";

test(
  "the store starts beside the gateway, a command sees each request at once, and both end together",
  { skip: !existsSync("/proc/self/task") },
  async (t) => {
    const upstream = createServer((_request, response) => response.end("{}")).listen(0, "127.0.0.1");
    await once(upstream, "listening");
    t.after(() => upstream.close());
    const address = upstream.address();
    assert.ok(typeof address === "object" && address !== null);
    const gateway = await startGateway({
      config: { store: { enabled: true }, providers: { openai: { upstream: `http://127.0.0.1:${address.port}/` } } },
    });
    let child: number | undefined;
    try {
      child = await storeOf(gateway.pid);
      const headers = { authorization: `Bearer ${testKey.key}` };
      await (await fetch(`${gateway.url}/openai/v1/models`, { headers })).text();
      await gateway.records(1);
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

/** Finds the process by its command line. The gateway starts it a while after listening. */
async function storeOf(pid: number): Promise<number> {
  for (let waited = 0; waited < HANG_MS; waited += 50) {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").map(Number);
    const found = children.find((child) => child > 0 && commandOf(child).includes("store-main"));
    if (found !== undefined) return found;
    await pause(50);
  }
  throw new Error("no process of the store");
}

function commandOf(pid: number): string {
  return existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, "utf8") : "";
}

/** A zombie, which ended but was not waited for, is not alive. */
function isAlive(pid: number): boolean {
  return commandOf(pid).includes("store-main");
}
