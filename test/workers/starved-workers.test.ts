// Workers that get no CPU time for a while: the whole process is stopped, or its data workers come last on a busy machine.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { allowlistText, startGateway, testKey, type Gateway } from "../harness/gateway.ts";
import { statusOf } from "../harness/raw-message.ts";
import { connectRaw } from "../harness/raw-client.ts";
import { startRawUpstream } from "../harness/raw-upstream.ts";
import { rounds, sampled } from "../harness/sampling.ts";
import { eventually } from "../harness/until.ts";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

interface Stop {
  /** Seconds after the gateway listens. */
  readonly after: number;
  readonly seconds: number;
}

const stops: readonly Stop[] = [2.5, 7].flatMap((seconds) =>
  Array.from({ length: rounds(10, 3) }, (_, second) => ({ after: second + 0.5, seconds })),
);

interface WorkerState {
  readonly name: string;
  readonly state: string;
  readonly restarts: number;
}

async function workersOf(gateway: Gateway): Promise<readonly WorkerState[]> {
  const response = await fetch(`${gateway.adminUrl}/api/v1/status`);
  return ((await response.json()) as { threads: readonly WorkerState[] }).threads; // as: the contract of the status API
}

async function assertNoneEnded(gateway: Gateway): Promise<void> {
  for (const { name, state, restarts } of await workersOf(gateway)) {
    assert.deepEqual([name, state, restarts], [name, "running", 0], gateway.output().stdout);
  }
}

async function startWith(
  t: TestContext,
  workers: number,
): Promise<{ gateway: Gateway; upstreamRequests: () => number }> {
  const upstream = await startRawUpstream();
  const body = '{"model":"m","usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}';
  upstream.respond = (socket) =>
    void socket.write(
      `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
  const gateway = await startGateway({
    config: { server: { workers }, providers: { openai: { upstream: `http://127.0.0.1:${upstream.port}` } } },
  });
  t.after(async () => {
    try {
      assert.equal(await gateway.stop(), 0);
    } finally {
      await upstream.close();
    }
  });
  return { gateway, upstreamRequests: () => upstream.requests.length };
}

const REQUEST = `POST /openai/v1/chat/completions HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ${testKey.key}\r\nContent-Length: 2\r\n\r\n{}`;

test(
  "a process that is stopped soon after its start and continued loses no worker",
  { concurrency: true },
  async (t) => {
    for (const { after, seconds } of sampled(stops, 3, (each) => each.seconds)) {
      void t.test(`for ${seconds} s, ${after} s after it listens`, async (t) => {
        const { gateway } = await startWith(t, 2);
        await delay(after * 1_000);
        gateway.signal("SIGSTOP");
        await delay(seconds * 1_000);
        gateway.signal("SIGCONT");
        // What a worker does two seconds after its start comes after this.
        await delay(3_000);
        await assertNoneEnded(gateway);
        assert.doesNotMatch(gateway.output().stdout, /"level":"(?:error|fatal)"/);
      });
    }
  },
);

test("SIGTERM during the start ends the process in order", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "lmgate-test-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  await mkdir(join(directory, "data"));
  await writeFile(join(directory, "data", "allowlist.csv"), allowlistText([testKey]));
  const listeners = { server: { host: "127.0.0.1", port: 0, workers: 4 }, admin: { host: "127.0.0.1", port: 0 } };
  await writeFile(join(directory, "lmgate.yaml"), JSON.stringify(listeners)); // JSON is YAML
  const child = spawn(process.execPath, [MAIN, "start", "--config", "lmgate.yaml"], { cwd: directory });
  t.after(() => child.kill("SIGKILL"));
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    // The token is created before the workers are told to start.
    if (!stdout.includes("admin token created") && text.includes("admin token created")) child.kill("SIGTERM");
    stdout += text;
  });
  const [code] = (await once(child, "close")) as [number | null]; // as: `close` comes with the exit code
  assert.equal(code, 0, stdout);
  assert.ok(!existsSync(join(directory, "data", "stats.jsonl.lock")));
});

const STARVED_SECONDS = 20;
const CONNECTIONS = 200;

test(
  "data workers that get hardly any CPU time for 20 s cut no connection and lose no record",
  { skip: rounds(1, 0) === 0 && "it keeps every CPU busy; npm run test:full runs it" },
  async (t) => {
    const { gateway, upstreamRequests } = await startWith(t, 2);
    const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => connectRaw(gateway.port)));
    const threads = readdirSync(`/proc/${gateway.pid}/task`).filter((task) =>
      readFileSync(`/proc/${gateway.pid}/task/${task}/comm`, "utf8").startsWith("data-"),
    );
    assert.equal(threads.length, 2);
    // Threads of this class run only when no other thread wants the CPU.
    for (const thread of threads) await promisify(execFile)("chrt", ["--idle", "--pid", "0", thread]);
    const busy = Array.from({ length: 2 * availableParallelism() }, () =>
      spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" }),
    );
    let responses = 0;
    try {
      for (const client of clients) client.send(REQUEST);
      await delay(STARVED_SECONDS * 1_000);
      await assertNoneEnded(gateway);
      // The second request waits in the socket of a worker that does not read.
      for (const client of clients) client.send(REQUEST);
    } finally {
      for (const each of busy) each.kill("SIGKILL");
    }
    for (const client of clients) {
      for (let request = 0; request < 2; request++) {
        const response = await client.message();
        assert.equal(statusOf(response), 200);
        responses++;
      }
    }
    await eventually("every request has arrived", () => upstreamRequests() === 2 * CONNECTIONS);
    assert.equal((await gateway.records(responses)).length, 2 * CONNECTIONS);
    for (const client of clients) client.destroy();
    await assertNoneEnded(gateway);
  },
);
