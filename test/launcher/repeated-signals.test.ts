import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { createRequire } from "node:module";
import { test } from "node:test";
import { checkout, nextLine } from "./checkout.ts";

interface RepeatedSignals {
  readonly ignoreRepeatedSignals: (target: EventEmitter, signals: readonly string[], onSignal: () => void) => void;
}

// as: a CommonJS file without types.
const { ignoreRepeatedSignals } = createRequire(import.meta.url)(
  "../../scripts/launcher/repeated-signals.cjs",
) as RepeatedSignals;

test("a signal within half a second of the last one is dropped, a later one is not", (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 1_000_000 });
  const target = new EventEmitter();
  const received: string[] = [];
  let noted = 0;
  ignoreRepeatedSignals(target, ["SIGINT", "SIGTERM"], () => (noted += 1));
  for (const event of ["SIGINT", "SIGTERM", "SIGUSR2"]) target.on(event, () => received.push(event));

  assert.equal(target.emit("SIGINT"), true);
  t.mock.timers.tick(499);
  assert.equal(target.emit("SIGINT"), true, "a dropped signal counts as handled");
  assert.equal(target.emit("SIGTERM"), true);
  t.mock.timers.tick(1);
  target.emit("SIGTERM");
  assert.deepEqual(received, ["SIGINT", "SIGTERM"]);
  assert.equal(noted, 4, "each of them is noted, dropped or not");
});

test("other events are emitted with all their arguments", () => {
  const target = new EventEmitter();
  const received: unknown[] = [];
  ignoreRepeatedSignals(target, ["SIGINT"], () => undefined);
  target.on("message", (...args: unknown[]) => received.push(...args));
  target.emit("message", 1, 2);
  target.emit("message", 3);
  assert.deepEqual(received, [1, 2, 3]);
});

test("a program receives a signal once that npm sends again at once, and a later one again", async (t) => {
  const clone = checkout(t);
  // The program controls the clock, so that the test does not depend on how fast signals are delivered.
  const program = `
    let now = 1_000_000;
    Date.now = () => now;
    for (const signal of ["SIGINT", "SIGUSR2"]) process.on(signal, () => console.log(signal));
    process.stdin.on("data", () => { now += 1000; console.log("a second later"); });
    console.log("listening");`;
  clone.write("program.ts", program);
  const launcher = clone.start(["program.ts"]);
  await nextLine(launcher, "listening");
  launcher.kill("SIGINT");
  await nextLine(launcher, "SIGINT");
  launcher.kill("SIGINT");
  launcher.kill("SIGUSR2");
  assert.equal(await nextLine(launcher), "SIGUSR2", "the second SIGINT came before it and was dropped");
  launcher.stdin?.write("\n");
  await nextLine(launcher, "a second later");
  launcher.kill("SIGINT");
  await nextLine(launcher, "SIGINT");
});
