import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { HANG_MS } from "../harness/until.ts";
import { startGateway, testKey } from "../harness/gateway.ts";

const noStrace = spawnSync("strace", ["-V"], { stdio: "ignore" }).status !== 0;

test(
  "R66: while the disk hangs, requests continue and readiness is degraded; afterwards every record is written",
  { skip: noStrace ? "needs strace" : false },
  async (t) => {
    // Nothing listens on this port: each request gets a 502 and leaves a record.
    const gateway = await startGateway({ config: { providers: { openai: { upstream: "http://127.0.0.1:9/" } } } });
    const inject = "inject=fdatasync:delay_enter=8000000:when=1";
    const options = ["-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e", inject];
    const strace = spawn("strace", [...options, "-p", String(gateway.pid)], { stdio: "ignore" });
    t.after(() => strace.kill("SIGKILL"));
    const sendRequest = async (): Promise<number> => {
      const headers = { authorization: `Bearer ${testKey.key}` };
      return (await fetch(`${gateway.url}/openai/v1/models`, { headers })).status;
    };
    const readiness = async (): Promise<string> => (await fetch(`${gateway.url}/readyz`)).text();

    let requests = 0;
    const deadline = performance.now() + HANG_MS;
    while (!(await readiness()).includes('"status":"degraded"')) {
      if (strace.exitCode !== null) {
        await gateway.stop();
        t.skip("strace is not permitted to attach to a running process here");
        return;
      }
      assert.ok(performance.now() < deadline, "readiness never became degraded");
      assert.equal(await sendRequest(), 502);
      requests++;
      await delay(50);
    }
    assert.equal(await sendRequest(), 502);
    requests++;
    while (!(await readiness()).includes('"status":"ok"')) {
      assert.ok(performance.now() < deadline, "readiness never became ok again");
      await delay(50);
    }
    strace.kill("SIGINT");
    await once(strace, "exit");
    const records = await gateway.records(requests);
    assert.equal(records.length, requests);
    assert.deepEqual(
      records.map(({ seq }) => seq),
      records.map((_, index) => index + 1),
    );
    assert.equal(await gateway.stop(), 0);
  },
);

test(
  "R66: a disk that hangs at shutdown does not keep the process alive",
  { skip: noStrace ? "needs strace" : false },
  async (t) => {
    const gateway = await startGateway({ config: { stats: { flush_interval_seconds: 600 } } });
    const inject = "inject=fdatasync:delay_enter=60000000";
    const options = ["-f", "-o", "/dev/null", "-e", "trace=fdatasync", "-e", inject];
    const strace = spawn("strace", [...options, "-p", String(gateway.pid)], { stdio: ["ignore", "ignore", "pipe"] });
    t.after(() => strace.kill("SIGKILL"));
    // strace prints that it has attached, or why it cannot.
    const [printed] = (await once(strace.stderr, "data")) as [Buffer]; // as: a readable stream without an encoding
    strace.stderr.resume();
    if (!printed.includes("attached")) {
      await gateway.stop();
      t.skip("strace is not permitted to attach to a running process here");
      return;
    }
    gateway.signal("SIGTERM");
    const deadline = performance.now() + HANG_MS;
    while (!gateway.output().stdout.includes("the ledger did not close in time; records may be missing")) {
      assert.ok(performance.now() < deadline, "the process never gave up");
      await delay(50);
    }
    // The kernel notifies a tracer before a traced process can exit, so strace must go first.
    strace.kill("SIGKILL");
    assert.equal(await gateway.exited(), null, "it ended by a signal of its own");
    await gateway.stop();
  },
);
