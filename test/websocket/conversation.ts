/** One WebSocket through a real gateway, its upstream scripted: every byte that passes is compared with what was sent. */
import assert from "node:assert/strict";

import type { RequestRecord } from "../../src/core/request/request-record.ts";
import { get, type ProxyFixture } from "../proxy/fixture.ts";
import { statusOf } from "../harness/raw-message.ts";
import type { RawPeer } from "../harness/raw-client.ts";
import { closeFrame, Deflater, frame, type FrameOptions, type Side } from "./frames.ts";

export class Conversation {
  readonly client: RawPeer;
  readonly upstream: RawPeer;
  /** What was agreed on, as the upstream said it. */
  readonly extensions: string | undefined;
  readonly #sent: Record<Side, Buffer[]> = { client: [], server: [] };

  constructor(client: RawPeer, upstream: RawPeer, extensions?: string) {
    this.client = client;
    this.upstream = upstream;
    this.extensions = extensions;
  }

  /** Bytes of either side, as they are. */
  send(side: Side, bytes: Buffer): void {
    this.#sent[side].push(bytes);
    (side === "client" ? this.client : this.upstream).send(bytes);
  }

  say(side: Side, message: object, options: FrameOptions = {}): void {
    this.send(side, frame(side, JSON.stringify(message), options));
  }

  /** Whatever was sent has arrived, and nothing else. */
  async arrived(): Promise<void> {
    for (const side of ["client", "server"] as const) {
      const expected = Buffer.concat(this.#sent[side]);
      const receiver = side === "client" ? this.upstream : this.client;
      await receiver.until(`${expected.length} bytes`, () => receiver.unread.length >= expected.length || undefined);
      assert.ok(receiver.unread.equals(expected), `the ${side}'s bytes arrive as they were sent`);
    }
  }

  get sentBytes(): { readonly client: number; readonly server: number } {
    return { client: Buffer.concat(this.#sent.client).length, server: Buffer.concat(this.#sent.server).length };
  }

  /** Both sides say good-bye, `first` before the other, and the connection ends. */
  async close(first: Side = "client", code = 1000): Promise<void> {
    this.send(first, closeFrame(first, code));
    await this.arrived();
    const second = first === "client" ? "server" : "client";
    this.send(second, closeFrame(second, code));
    await this.arrived();
    this.upstream.end();
    await this.client.hasEnded();
    this.client.end();
    await this.client.close();
  }
}

export interface Opening {
  readonly path: string;
  /** `Sec-WebSocket-Extensions` of the answer. */
  readonly extensions?: string;
  readonly lines?: readonly string[];
}

export async function converse(world: ProxyFixture, { path, extensions, lines = [] }: Opening): Promise<Conversation> {
  const client = await world.client();
  const asked =
    extensions === undefined ? [] : ["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"];
  const upgrade = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="];
  client.send(get(path, ...upgrade, "Sec-WebSocket-Version: 13", ...asked, ...lines));
  const { connection } = await world.provider.nextRequest();
  const granted = extensions === undefined ? "" : `Sec-WebSocket-Extensions: ${extensions}\r\n`;
  connection.send(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${granted}x-request-id: req_1\r\n\r\n`,
  );
  assert.equal(statusOf(await client.head()), 101);
  return new Conversation(client, connection, extensions);
}

/** Says each message deflated, all by one deflater. */
export async function sayDeflated(
  talk: Conversation,
  side: Side,
  messages: readonly object[],
  takeover: boolean,
): Promise<void> {
  const deflater = new Deflater(takeover);
  for (const message of messages) {
    talk.send(side, frame(side, await deflater.deflate(JSON.stringify(message)), { compressed: true }));
  }
}

/** The record that closes a session, and those before it, which must carry its id. */
export function apart(records: readonly RequestRecord[]): {
  readonly closing: RequestRecord;
  readonly pieces: readonly RequestRecord[];
} {
  const closing = records.at(-1);
  assert.ok(closing);
  assert.equal(closing.operation, "session");
  assert.equal(closing.session_id, closing.id);
  assert.deepEqual([closing.input_tokens, closing.output_tokens, closing.usage_state], [null, null, "not_applicable"]);
  const pieces = records.slice(0, -1);
  for (const piece of pieces) {
    assert.equal(piece.session_id, closing.id);
    assert.notEqual(piece.operation, "session");
    assert.equal(piece.close_code, undefined);
    assert.equal(piece.status, 101);
    assert.equal(piece.request_bytes, undefined, "bytes are counted once, with the session");
  }
  return { closing, pieces };
}
