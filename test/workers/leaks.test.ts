import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { HANG_MS, eventually } from "../harness/until.ts";
import { heldBytes } from "../proxy/inspector.ts";
import { countForwarded, runMixedRequests } from "../harness/mixed-requests.ts";
import { startRawUpstream, type RawUpstream } from "../harness/raw-upstream.ts";
import { allowlistText, startGateway, testKey, type Gateway } from "../harness/gateway.ts";

const REQUEST_COUNT = 1_000;

let upstream: RawUpstream;
before(async () => {
  upstream = await startRawUpstream();
});
after(() => upstream.close());

function filesOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

async function requestsInFlight(gateway: Gateway): Promise<number> {
  const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  const values = [...metrics.matchAll(/^lmgate_active_requests\{.*\} (\d+)$/gm)];
  assert.ok(values.length > 0, metrics);
  return values.reduce((sum, [, value]) => sum + Number(value), 0);
}

test("after 1,000 requests of all kinds no file descriptor, no running request and no memory is left", async (t) => {
  const gateway = await startGateway({
    config: {
      providers: { openai: { upstream: `http://127.0.0.1:${upstream.port}` } },
      timeouts: { upstream_idle_seconds: 0.2 },
    },
    env: { NODE_OPTIONS: "--inspect=127.0.0.1:0 --expose-gc" },
  });
  t.after(() => gateway.stop());
  const quiet = async (files: number): Promise<void> => {
    await eventually("no request is running", async () => (await requestsInFlight(gateway)) === 0);
    // The admin port's own connections open and close.
    await eventually("files are as before", () => filesOf(gateway.pid) <= files + 3);
  };

  await requestsInFlight(gateway);
  const files = filesOf(gateway.pid);
  await runMixedRequests(gateway.port, upstream, REQUEST_COUNT);
  await quiet(files);
  const before = await heldBytes(gateway, "data-1");
  await runMixedRequests(gateway.port, upstream, REQUEST_COUNT);
  await quiet(files);
  const grown = (await heldBytes(gateway, "data-1")) - before;

  const records = await gateway.records(2 * countForwarded(REQUEST_COUNT));
  const recordBytes = records
    .slice(countForwarded(REQUEST_COUNT))
    .reduce((sum, each) => sum + JSON.stringify(each).length, 0);
  // If every request left as much as its record, this would be too much.
  assert.ok(grown < recordBytes, `${grown} bytes held after another ${REQUEST_COUNT} requests`);
  assert.equal(records.length, 2 * countForwarded(REQUEST_COUNT));
  assert.equal(new Set(records.map((record) => record.id)).size, records.length);
});

test("after stop() the process ends by itself: no socket, timer or worker keeps it running", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "lmgate-test-"));
  t.after(() => rm(directory, { recursive: true }));
  await mkdir(join(directory, "data"));
  await writeFile(join(directory, "data", "allowlist.csv"), allowlistText([testKey]));
  const config = {
    server: { host: "127.0.0.1", port: 0, workers: 2 },
    admin: { host: "127.0.0.1", port: 0 },
    providers: { openai: { upstream: `http://127.0.0.1:${upstream.port}` } },
  };
  await writeFile(join(directory, "lmgate.yaml"), JSON.stringify(config));
  const program = join(import.meta.dirname, "leaks-child.ts");
  const child = spawn(process.execPath, [program, "lmgate.yaml"], {
    cwd: directory,
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const sent: Record<string, unknown>[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    sent.push(JSON.parse(line) as Record<string, unknown>); // as: each line of the log is an object
  });
  const line = (msg: string): Record<string, unknown> | undefined => sent.find((each) => each["msg"] === msg);
  await eventually("it listens", () => line("listening") !== undefined);

  const port = Number(new URL(String(line("listening")?.["address"])).port);
  await runMixedRequests(port, upstream, REQUEST_COUNT);
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const [code] = (await Promise.race([exited, delay(HANG_MS, ["still running"], { ref: false })])) as unknown[];
  assert.equal(code, 0, JSON.stringify(sent.slice(-5)));
  assert.deepEqual(line("over")?.["left"], []);
  const lines = (await readFile(join(directory, "data", "stats.jsonl"), "utf8")).trimEnd().split("\n");
  assert.equal(lines.length, countForwarded(REQUEST_COUNT));
});
