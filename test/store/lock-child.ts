// For each line on stdin this process takes the store's lock of a directory once and prints "alone", or what went wrong.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { withStoreLock } from "../../src/store/files/store-lock.ts";

const WAIT_MS = 120_000;
const HOLD_MS = 10;

const [directory = ""] = process.argv.slice(2);
const witness = join(directory, "witness");

process.stdout.write("ready\n");
for await (const _line of createInterface(process.stdin)) {
  try {
    await withStoreLock(directory, WAIT_MS, async () => {
      writeFileSync(witness, "", { flag: "wx" });
      await delay(HOLD_MS); // The longer it holds the lock, the more likely another one is seen to hold it too.
      rmSync(witness);
    });
    process.stdout.write("alone\n");
  } catch (error) {
    process.stdout.write(`${String(error)}\n`);
  }
}
