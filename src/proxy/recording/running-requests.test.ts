import assert from "node:assert/strict";
import { test } from "node:test";

import { RunningRequests, type RunningRequest } from "./running-requests.ts";

function call(id: string, startedAt: number): RunningRequest {
  return {
    older: undefined,
    younger: undefined,
    announced: false,
    id,
    startedAt,
    sketch: () => ({ id, startedAt, record: "{}" }),
  };
}

/** Ids of a change, for comparison. */
function ids(change: ReturnType<RunningRequests["take"]>): readonly [readonly string[], readonly string[]] | undefined {
  return change && [change.alive.map(({ id }) => id), change.gone];
}

test("a call that is over before its turn is never told of", () => {
  const calls = new RunningRequests();
  const all = [call("a", 1), call("b", 2), call("c", 3)];
  for (const one of all) calls.begin(one);
  for (const one of [all[1], all[0], all[2]]) if (one) calls.end(one);
  assert.equal(calls.take(Infinity), undefined);
});

test("a call is told of once when it is old enough, and once when it is over", () => {
  const calls = new RunningRequests();
  const [old, young, between] = [call("old", 1), call("young", 9), call("between", 4)];
  for (const one of [old, between, young]) calls.begin(one);
  assert.deepEqual(ids(calls.take(5)), [["old", "between"], []]);
  assert.equal(calls.take(5), undefined);
  calls.end(old);
  assert.deepEqual(ids(calls.take(9)), [["young"], ["old"]]);
  calls.end(young);
  calls.end(between);
  assert.deepEqual(ids(calls.take(9)), [[], ["young", "between"]]);
  assert.equal(calls.take(Infinity), undefined);
});

test("whoever knows of none is told of all that were told of, with those that have ended since", () => {
  const calls = new RunningRequests();
  const [first, second, third] = [call("first", 1), call("second", 2), call("third", 3)];
  for (const one of [first, second, third]) calls.begin(one);
  calls.take(2);
  calls.end(first);
  assert.deepEqual(ids(calls.retell()), [["second"], ["first"]]);
  assert.deepEqual(ids(calls.take(3)), [["third"], []]);
});
