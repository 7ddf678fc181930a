import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { readDirections, readModel } from "../../simulator/directions.ts";

describe("directions to the simulator", () => {
  it("are read from the header", () => {
    assert.deepEqual(readDirections("input=12, output=30,encoding=gzip,,usage=none"), {
      input: 12,
      output: 30,
      encoding: "gzip",
      usage: "none",
    });
    assert.deepEqual(readDirections(undefined), {});
  });

  it("are read from the end of the model's name, which is then removed", () => {
    assert.deepEqual(readModel("gpt-5.5--sim-status-429-wait-5"), {
      name: "gpt-5.5",
      directions: { status: 429, wait: 5 },
    });
    assert.deepEqual(readModel("claude-sonnet-5"), { name: "claude-sonnet-5", directions: {} });
  });

  for (const wrong of ["statu=429", "status", "status=", "status=-1", "status=1e3", "encoding=lzma", "constructor=1"]) {
    it(`are rejected if they are ${wrong}`, () => {
      assert.throws(() => readDirections(wrong), RangeError);
    });
  }
});
