import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { demoKeys } from "../../src/demo/sample-traffic.ts";
import { withoutGatewaySettings } from "../../src/demo/child-gateway.ts";

const mainPath = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

interface Run {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly exited: Promise<number | null>;
  readonly until: (text: string) => Promise<void>;
}

describe("lmgate demo", () => {
  // The demo creates its temporary directory in here, so that the tests see what it leaves behind.
  let temporary: string;
  before(async () => {
    temporary = await mkdtemp(join(tmpdir(), "lmgate-demo-test-"));
  });
  after(() => rm(temporary, { recursive: true }));

  function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Run {
    const child = spawn(process.execPath, [mainPath, "demo", ...args], {
      env: { ...withoutGatewaySettings(process.env), TMPDIR: temporary, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => void (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => void (stderr += text));
    const exited = once(child, "close").then(([code]: unknown[]) => (typeof code === "number" ? code : null));
    const until = (text: string): Promise<void> =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (stdout.includes(text)) resolve();
        };
        child.stdout.on("data", check);
        check();
        void exited.then(() => reject(new Error(`ended without "${text}":\n${stdout}\n${stderr}`)));
      });
    return { child, stdout: () => stdout, stderr: () => stderr, exited, until };
  }

  it("with --once shows a rejection and the table, ends with 0 and leaves nothing behind", async () => {
    // These settings belong to another gateway and must not reach the demo's.
    const { exited, stdout, stderr } = run(["--once"], { LMGATE_SERVER__PORT: "1", LMGATE_CONFIG: "/nowhere" });
    assert.equal(await exited, 0, stderr());
    assert.equal(stderr(), "");
    assert.match(stdout(), /^ {2}403 \{"error":"forbidden","message":"API key not authorized"\}$/m);
    for (const { id, owner } of demoKeys) assert.match(stdout(), new RegExp(`^  ${id} +${owner} +\\S+ +\\d`, "m"));
    const [, requests, input, output, total] =
      /^ {2}total +([\d,]+) +([\d,]+) +([\d,]+) +([\d,]+)$/m.exec(stdout()) ?? [];
    const value = (text = ""): number => Number(text.replaceAll(",", ""));
    assert.equal(value(requests), value(/^Sent (\d+) requests/m.exec(stdout())?.[1]));
    assert.equal(value(total), value(input) + value(output));
    assert.match(stdout(), /nightly-ci: the provider responded with 429 \(rate_limit_exceeded\)/);
    assert.match(stdout(), /alice-laptop: the client left in the middle of a stream from claude-sonnet-5/);
    assert.ok(!stdout().includes("\u001b"), "no colors without a terminal");
    assert.deepEqual(await readdir(temporary), []);
  });

  it("keeps running, responds to the curl command that it prints, and ends with 0 on Ctrl-C", async () => {
    const { child, until, exited, stdout, stderr } = run([]);
    await until("tail -n 1 ");
    const chatUrl = /curl (\S+)/.exec(stdout())?.[1] ?? "";
    const key = /Authorization: (Bearer \S+)'/.exec(stdout())?.[1] ?? "";
    const body = /-d '(.*)'/.exec(stdout())?.[1] ?? "";
    const headers = { authorization: key, "content-type": "application/json" };
    const response = await fetch(chatUrl, { method: "POST", headers, body });
    assert.equal(response.status, 200);
    assert.match(await response.text(), /"object":"chat.completion"/);
    const statusUrl = /status +(\S+)/.exec(stdout())?.[1] ?? "";
    const status = (await (await fetch(statusUrl)).json()) as { state: string };
    assert.equal(status.state, "serving");
    for (const provider of ["openai/v1", "anthropic", "google"]) {
      assert.match(stdout(), new RegExp(`  http://127\\.0\\.0\\.1:\\d+/${provider}$`, "m"));
    }
    child.kill("SIGINT");
    assert.equal(await exited, 0, stderr());
    assert.equal(stderr(), "");
    assert.deepEqual(await readdir(temporary), []);
    await assert.rejects(fetch(statusUrl), "the gateway has ended too");
  });

  it("ends with 0 on Ctrl-C while it sends traffic", async () => {
    const { child, until, exited, stderr } = run([]);
    await until("LMGate demo");
    child.kill("SIGINT");
    assert.equal(await exited, 0, stderr());
    assert.equal(stderr(), "");
    assert.deepEqual(await readdir(temporary), []);
  });
});
