import assert from "node:assert/strict";
import { test } from "node:test";
import zlib from "node:zlib";

import fc from "fast-check";

import { MessageInflater } from "./message-inflater.ts";

interface Inflated {
  readonly text: string;
  readonly failure: string | undefined;
}

/** Returns a function that inflates one message, given in pieces. */
function reading(windowBits: number, takeover: boolean): (...pieces: readonly Buffer[]) => Inflated {
  const out: Buffer[] = [];
  const inflater = new MessageInflater(windowBits, takeover, (bytes) => out.push(Buffer.from(bytes)));
  return (...pieces) => {
    let failure: string | undefined;
    for (const piece of pieces) failure ??= inflater.write(piece);
    failure ??= inflater.end();
    return { text: Buffer.concat(out.splice(0)).toString(), failure };
  };
}

function deflated(message: string | Buffer, windowBits = 15): Buffer {
  const whole = zlib.deflateRawSync(message, { windowBits, finishFlush: zlib.constants.Z_SYNC_FLUSH });
  return whole.subarray(0, whole.length - 4);
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
const hello = { text: "Hello", failure: undefined };

test("the messages that RFC 7692 gives as examples are inflated", () => {
  const read = reading(15, true);
  assert.deepEqual(read(hex("f2 48 cd c9 c9 07 00")), hello, "one block (section 7.2.3.1)");
  assert.deepEqual(read(hex("f2 00 11 00 00")), hello, "referring to the message before (section 7.2.3.2)");
  const fresh = reading(15, true);
  assert.deepEqual(fresh(hex("00 05 00 fa ff 48 65 6c 6c 6f 00")), hello, "not compressed (section 7.2.3.3)");
  assert.deepEqual(fresh(hex("f3 48 cd c9 c9 07 00 00")), hello, "a last block (section 7.2.3.4)");
  assert.deepEqual(fresh(hex("f2 48 cd c9 c9 07 00")), hello, "and a message after it");
  assert.deepEqual(fresh(hex("f2 48 05 00 00 00 ff ff ca c9 c9 07 00")), hello, "two blocks (section 7.2.3.5)");
});

test("a message that refers to an earlier one fails if context takeover is off", () => {
  const read = reading(15, false);
  assert.deepEqual(read(hex("f2 48 cd c9 c9 07 00")), hello);
  assert.equal(read(hex("f2 00 11 00 00")).failure, "encoding");
});

test("a message whose first piece fills the output exactly is read to its end", () => {
  const message = "0123456789abcdef".repeat(1024);
  // A stored block (RFC 1951 section 3.2.4) has the length of its content, so a piece can fill the output exactly.
  const stored = zlib.deflateRawSync(`${message}the end`, { level: 0, finishFlush: zlib.constants.Z_SYNC_FLUSH });
  const whole = stored.subarray(0, -4);
  const cut = whole.indexOf("the end");
  const read = reading(15, true);
  const expected = { text: `${message}the end`, failure: undefined };
  assert.deepEqual(read(whole.subarray(0, cut), whole.subarray(cut)), expected);
  assert.deepEqual(read(deflated("behind it")), { text: "behind it", failure: undefined });
});

test("messages are inflated wherever they are split, in every window size", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ maxLength: 300 }), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 9, max: 15 }),
      fc.boolean(),
      fc.nat(),
      (messages, windowBits, takeover, anywhere) => {
        const read = reading(windowBits, takeover);
        for (const message of messages) {
          const bytes = deflated(message, windowBits);
          const cut = anywhere % (bytes.length + 1);
          assert.deepEqual(read(bytes.subarray(0, cut), bytes.subarray(cut)), {
            text: Buffer.from(message).toString(),
            failure: undefined,
          });
        }
      },
    ),
  );
});

test("a window of 256 bytes, which zlib lacks, is read with the next larger one", () => {
  assert.deepEqual(reading(8, true)(deflated("Hello", 9)), hello);
});

test("a decompression bomb is stopped, and so are many small ones", () => {
  const bomb = deflated(Buffer.alloc(64 * 1024 * 1024));
  assert.equal(reading(15, true)(bomb).failure, "too_large");
  const read = reading(15, false);
  const small = deflated(Buffer.alloc(1024 * 1024));
  const failures = Array.from({ length: 40 }, () => read(small).failure);
  assert.equal(failures[0], undefined, "silence compresses well, too");
  assert.ok(failures.includes("too_large"));
});

test("invalid data fails, and so does every later message", () => {
  const read = reading(15, true);
  assert.equal(read(Buffer.alloc(32, 0xff)).failure, "encoding");
  assert.equal(read(deflated("Hello")).failure, "encoding");
});
