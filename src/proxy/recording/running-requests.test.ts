import assert from "node:assert/strict";
import { test } from "node:test";

import { RunningRequests, type RunningRequest } from "./running-requests.ts";

function request(id: string, startedAt: number): RunningRequest {
  return {
    older: undefined,
    younger: undefined,
    announced: false,
    id,
    startedAt,
    snapshot: () => ({ id, startedAt, snapshot: "{}" }),
  };
}

/** The ids of a change, for comparison. */
function ids(
  change: ReturnType<RunningRequests["takeChanges"]>,
): readonly [readonly string[], readonly string[]] | undefined {
  return change && [change.alive.map(({ id }) => id), change.gone];
}

test("a request that ends before it is old enough is never announced", () => {
  const running = new RunningRequests();
  const all = [request("a", 1), request("b", 2), request("c", 3)];
  for (const each of all) running.begin(each);
  for (const each of [all[1], all[0], all[2]]) if (each) running.end(each);
  assert.equal(running.takeChanges(Infinity), undefined);
});

test("a request is announced once when it is old enough, and reported once when it has ended", () => {
  const running = new RunningRequests();
  const [old, young, between] = [request("old", 1), request("young", 9), request("between", 4)];
  for (const each of [old, between, young]) running.begin(each);
  assert.deepEqual(ids(running.takeChanges(5)), [["old", "between"], []]);
  assert.equal(running.takeChanges(5), undefined);
  running.end(old);
  assert.deepEqual(ids(running.takeChanges(9)), [["young"], ["old"]]);
  running.end(young);
  running.end(between);
  assert.deepEqual(ids(running.takeChanges(9)), [[], ["young", "between"]]);
  assert.equal(running.takeChanges(Infinity), undefined);
});

test("a new ledger worker gets every announced request, with those that have ended since", () => {
  const running = new RunningRequests();
  const [first, second, third] = [request("first", 1), request("second", 2), request("third", 3)];
  for (const each of [first, second, third]) running.begin(each);
  running.takeChanges(2);
  running.end(first);
  assert.deepEqual(ids(running.reannounce()), [["second"], ["first"]]);
  assert.deepEqual(ids(running.takeChanges(3)), [["third"], []]);
});
