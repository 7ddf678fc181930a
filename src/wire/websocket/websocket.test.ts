import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { WebSocketReader } from "./websocket.ts";

type Sender = "client" | "server";

/** The bytes of one frame. */
interface FrameSpec {
  readonly opcode: number;
  readonly payload?: Buffer | string;
  readonly final?: boolean;
  readonly bits?: number;
  readonly mask?: readonly number[];
  /** The form of the length; by default the shortest. */
  readonly width?: 7 | 16 | 64;
}

function frame({ opcode, payload = "", final = true, bits = 0, mask, width }: FrameSpec): Buffer {
  const body = Buffer.from(payload);
  const wide = width ?? (body.length < 126 ? 7 : body.length < 65_536 ? 16 : 64);
  const length = Buffer.alloc(wide === 7 ? 1 : wide === 16 ? 3 : 9);
  if (wide === 7) length[0] = body.length;
  else if (wide === 16) length.writeUInt16BE(body.length, 1);
  else length.writeBigUInt64BE(BigInt(body.length), 1);
  if (wide !== 7) length[0] = wide === 16 ? 126 : 127;
  if (mask !== undefined) length[0] = (length[0] ?? 0) | 0x80;
  const masked = mask === undefined ? body : body.map((byte, at) => byte ^ (mask[at % 4] ?? 0));
  return Buffer.concat([Buffer.of((final ? 0x80 : 0) | bits | opcode), length, Buffer.from(mask ?? []), masked]);
}

interface Received {
  /** Each message as `kind:payload`, compressed ones marked with `z`. */
  readonly messages: string[];
  readonly closes: (readonly [number | undefined, string])[];
  readonly fault: string | undefined;
}

interface ReadOptions {
  readonly sender?: Sender;
  readonly compressible?: boolean;
  /** The offsets at which the bytes are cut. */
  readonly cuts?: readonly number[];
  readonly isWanted?: (nth: number) => boolean;
}

function readFrames(
  bytes: Buffer,
  { sender = "server", compressible = false, cuts = [], isWanted: wants }: ReadOptions = {},
): Received {
  const messages: string[] = [];
  const closes: (readonly [number | undefined, string])[] = [];
  let pieces: Buffer[] = [];
  let kind = "";
  let count = 0;
  const reader = new WebSocketReader(sender, compressible, {
    begin(text, compressed) {
      kind = compressed ? `${text} z` : text;
      pieces = [];
      return wants?.(count++) ?? true;
    },
    payload(piece, from, to, last) {
      pieces.push(Buffer.from(piece.subarray(from, to)));
      if (last) messages.push(`${kind}:${Buffer.concat(pieces).toString("latin1")}`);
    },
    closed: (code, reason) => closes.push([code, reason]),
  });
  const before = Buffer.from(bytes);
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    reader.push(bytes.subarray(from, cut));
    from = cut;
  }
  assert.deepEqual(bytes, before, "the bytes that pass are not changed");
  return { messages, closes, fault: reader.fault };
}

function everyCut(bytes: Buffer): readonly number[] {
  return Array.from({ length: bytes.length - 1 }, (_, at) => at + 1);
}

const mask = [0x37, 0xfa, 0x21, 0x3d];

test("the frames that RFC 6455 gives as examples are read", () => {
  const hello = Buffer.from("810548656c6c6f", "hex");
  const maskedHello = Buffer.from("818537fa213d7f9f4d5158", "hex");
  const fragmented = Buffer.from("010348656c80026c6f", "hex");
  assert.deepEqual(readFrames(hello).messages, ["text:Hello"]);
  assert.deepEqual(readFrames(maskedHello, { sender: "client" }).messages, ["text:Hello"]);
  assert.deepEqual(readFrames(fragmented).messages, ["text:Hello"]);
  assert.deepEqual(readFrames(Buffer.from("890548656c6c6f", "hex")), { messages: [], closes: [], fault: undefined });
});

for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, 200_000]) {
  test(`a message of ${length} bytes is read from either side, as text or binary`, () => {
    const payload = Buffer.alloc(length, "abcdefghijk");
    for (const [opcode, kind] of [
      [1, "text"],
      [2, "binary"],
    ] as const) {
      const expected = [`${kind}:${payload.toString()}`, "text:next"];
      const plain = Buffer.concat([frame({ opcode, payload }), frame({ opcode: 1, payload: "next" })]);
      assert.deepEqual(readFrames(plain).messages, expected);
      const masked = Buffer.concat([frame({ opcode, payload, mask }), frame({ opcode: 1, payload: "next", mask })]);
      assert.deepEqual(readFrames(masked, { sender: "client" }).messages, expected);
    }
  });
}

test("a length in more bytes than needed is accepted", () => {
  for (const width of [16, 64] as const) {
    assert.deepEqual(readFrames(frame({ opcode: 1, payload: "ab", width })).messages, ["text:ab"]);
  }
});

test("control frames between the fragments of a message do not change it", () => {
  const bytes = Buffer.concat([
    frame({ opcode: 1, payload: "one ", final: false }),
    frame({ opcode: 9, payload: "ping" }),
    frame({ opcode: 0, payload: "two ", final: false }),
    frame({ opcode: 10, payload: "pong" }),
    frame({ opcode: 0, payload: "" }),
    frame({ opcode: 2, payload: "three" }),
  ]);
  assert.deepEqual(readFrames(bytes).messages, ["text:one two ", "binary:three"]);
  assert.deepEqual(readFrames(bytes, { cuts: everyCut(bytes) }).messages, ["text:one two ", "binary:three"]);
});

test("an unwanted message is skipped, in any number of frames", () => {
  const bytes = Buffer.concat([
    frame({ opcode: 2, payload: Buffer.alloc(70_000, 0x81), final: false }),
    frame({ opcode: 0, payload: Buffer.alloc(3, 0x81) }),
    frame({ opcode: 1, payload: "wanted" }),
  ]);
  assert.deepEqual(readFrames(bytes, { isWanted: (nth) => nth > 0 }).messages, ["text:wanted"]);
});

test("a close frame from either side gives its code, and nothing after it is read", () => {
  const payload = Buffer.concat([Buffer.of(0x03, 0xf3), Buffer.from("going äway")]);
  for (const sender of ["server", "client"] as const) {
    const masked = sender === "client" ? { mask } : {};
    const bytes = Buffer.concat([
      frame({ opcode: 8, payload, ...masked }),
      frame({ opcode: 1, payload: "late", ...masked }),
    ]);
    for (const cuts of [[], everyCut(bytes)]) {
      const { closes, messages, fault } = readFrames(bytes, { sender, cuts });
      assert.deepEqual(closes, [[1011, "going äway"]]);
      assert.deepEqual(messages, []);
      assert.equal(fault, undefined);
    }
  }
});

test("a close frame may have no code", () => {
  assert.deepEqual(readFrames(frame({ opcode: 8 })).closes, [[undefined, ""]]);
});

test("a compressed message is reported as such if compression was negotiated", () => {
  const bytes = Buffer.concat([
    frame({ opcode: 1, payload: "a", bits: 0x40, final: false }),
    frame({ opcode: 0, payload: "b" }),
    frame({ opcode: 1, payload: "c" }),
  ]);
  assert.deepEqual(readFrames(bytes, { compressible: true }).messages, ["text z:ab", "text:c"]);
  assert.notEqual(readFrames(bytes).fault, undefined);
});

const broken: readonly (readonly [string, Buffer, Sender?])[] = [
  ["a reserved bit", frame({ opcode: 1, bits: 0x20 })],
  ["the other reserved bit", frame({ opcode: 1, bits: 0x10 })],
  ["compression on a control frame", frame({ opcode: 9, bits: 0x40 })],
  [
    "compression on a later frame",
    Buffer.concat([frame({ opcode: 1, final: false }), frame({ opcode: 0, bits: 0x40 })]),
  ],
  ["an unknown opcode", frame({ opcode: 3 })],
  ["an unknown control opcode", frame({ opcode: 11 })],
  ["a control frame in pieces", frame({ opcode: 9, final: false })],
  ["a long control frame", frame({ opcode: 9, payload: Buffer.alloc(126) })],
  ["half a close code", frame({ opcode: 8, payload: "x" })],
  ["a continuation of nothing", frame({ opcode: 0 })],
  ["a message within a message", Buffer.concat([frame({ opcode: 1, final: false }), frame({ opcode: 1 })])],
  ["a length of exabytes", Buffer.from("827fffffffffffffffff00", "hex")],
  ["a server that masks", frame({ opcode: 1, payload: "x", mask })],
  ["a client that does not mask", frame({ opcode: 1, payload: "x" }), "client"],
];

for (const [what, bytes, sender = "server"] of broken) {
  test(`${what} ends the reading, and nothing after it is read as a message`, () => {
    const after = frame({ opcode: 1, payload: "after", ...(sender === "client" && { mask }) });
    const { messages, fault } = readFrames(Buffer.concat([bytes, after]), { sender, compressible: true });
    assert.notEqual(fault, undefined);
    assert.ok(!messages.some((message) => message.endsWith("after")));
  });
}

const messageArbitrary = fc.record({
  kind: fc.constantFrom("text" as const, "binary" as const),
  pieces: fc.array(fc.uint8Array({ maxLength: 400 }), { minLength: 1, maxLength: 4 }),
  pings: fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 2 }),
});

test("any messages are read as they were written, in any fragments and at any cut", () => {
  fc.assert(
    fc.property(
      fc.array(messageArbitrary, { maxLength: 6 }),
      fc.constantFrom<Sender>("client", "server"),
      fc.array(fc.nat(), { maxLength: 12 }),
      (messages, sender, anywhere) => {
        const masked = sender === "client" ? { mask } : {};
        const bytes = Buffer.concat(
          messages.flatMap(({ kind, pieces, pings }) =>
            pieces.flatMap((piece, at) => {
              const opcode = at > 0 ? 0 : kind === "text" ? 1 : 2;
              const data = frame({ opcode, payload: Buffer.from(piece), final: at === pieces.length - 1, ...masked });
              const between = pings.map((ping) => frame({ opcode: 9, payload: Buffer.from(ping), ...masked }));
              return [data, ...between];
            }),
          ),
        );
        const cuts = anywhere.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b);
        const received = readFrames(bytes, { sender, cuts });
        assert.equal(received.fault, undefined);
        assert.deepEqual(
          received.messages,
          messages.map(({ kind, pieces }) => `${kind}:${Buffer.concat(pieces).toString("latin1")}`),
        );
      },
    ),
  );
});

test("any bytes are read or end in a fault, and never in an exception", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, compressible) => {
      for (const sender of ["client", "server"] as const) readFrames(Buffer.from(bytes), { sender, compressible });
    }),
  );
});
