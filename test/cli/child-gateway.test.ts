import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";

import { GatewayStartError, startChildGateway, withoutGatewaySettings } from "../../src/demo/child-gateway.ts";

it("a gateway that cannot start is reported with its output", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "lmgate-child-"));
  t.after(() => rm(directory, { recursive: true }));
  const configPath = join(directory, "lmgate.yaml");
  await writeFile(configPath, "server: { prot: 1 }\n");
  const starting = startChildGateway({ configPath, cwd: directory, env: withoutGatewaySettings(process.env) });
  await assert.rejects(starting, (error) => {
    assert.ok(error instanceof GatewayStartError);
    assert.equal(error.message, "ended with exit code 3");
    assert.match(error.output.stderr, /prot/);
    return true;
  });
});

it("settings of another gateway are removed from the environment, everything else stays", () => {
  const env = { PATH: "/bin", LMGATE_SERVER__PORT: "1", NOT_LMGATE_X: "2" };
  assert.deepEqual(withoutGatewaySettings(env), { PATH: "/bin", NOT_LMGATE_X: "2" });
});
