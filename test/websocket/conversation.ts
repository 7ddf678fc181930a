/** One WebSocket through a real gateway to a scripted upstream. All bytes are compared with those that were sent. */
import assert from "node:assert/strict";

import type { RequestRecord } from "../../src/core/request/request-record.ts";
import { get, type ProxyFixture } from "../proxy/fixture.ts";
import { statusOf } from "../harness/raw-message.ts";
import type { RawPeer } from "../harness/raw-client.ts";
import { closeFrame, Deflater, frame, type FrameOptions, type Side } from "./frames.ts";

export class Conversation {
  readonly client: RawPeer;
  readonly upstream: RawPeer;
  /** The extensions that the upstream accepted. */
  readonly extensions: string | undefined;
  readonly #sent: Record<Side, Buffer[]> = { client: [], server: [] };

  constructor(client: RawPeer, upstream: RawPeer, extensions?: string) {
    this.client = client;
    this.upstream = upstream;
    this.extensions = extensions;
  }

  /** Sends bytes of either side unchanged. */
  send(side: Side, bytes: Buffer): void {
    this.#sent[side].push(bytes);
    (side === "client" ? this.client : this.upstream).send(bytes);
  }

  sendMessage(side: Side, message: object, options: FrameOptions = {}): void {
    this.send(side, frame(side, JSON.stringify(message), options));
  }

  /** Waits until exactly the bytes sent have arrived. */
  async arrived(): Promise<void> {
    for (const side of ["client", "server"] as const) {
      const expected = Buffer.concat(this.#sent[side]);
      const receiver = side === "client" ? this.upstream : this.client;
      await receiver.until(`${expected.length} bytes`, () => receiver.unread.length >= expected.length || undefined);
      assert.ok(receiver.unread.equals(expected), `the bytes of the ${side} arrive unchanged`);
    }
  }

  get sentBytes(): { readonly client: number; readonly server: number } {
    return { client: Buffer.concat(this.#sent.client).length, server: Buffer.concat(this.#sent.server).length };
  }

  /** Both sides send a close frame, `first` before the other, and the connection ends. */
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
  /** `Sec-WebSocket-Extensions` of the response. */
  readonly extensions?: string;
  readonly lines?: readonly string[];
}

export async function openConversation(
  fixture: ProxyFixture,
  { path, extensions, lines = [] }: Opening,
): Promise<Conversation> {
  const client = await fixture.client();
  const offered =
    extensions === undefined ? [] : ["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"];
  const upgrade = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="];
  client.send(get(path, ...upgrade, "Sec-WebSocket-Version: 13", ...offered, ...lines));
  const { connection } = await fixture.provider.nextRequest();
  const accepted = extensions === undefined ? "" : `Sec-WebSocket-Extensions: ${extensions}\r\n`;
  connection.send(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${accepted}x-request-id: req_1\r\n\r\n`,
  );
  assert.equal(statusOf(await client.head()), 101);
  return new Conversation(client, connection, extensions);
}

/** Sends each message compressed, all with one deflater. */
export async function sendDeflated(
  conversation: Conversation,
  side: Side,
  messages: readonly object[],
  takeover: boolean,
): Promise<void> {
  const deflater = new Deflater(takeover);
  for (const message of messages) {
    conversation.send(side, frame(side, await deflater.deflate(JSON.stringify(message)), { compressed: true }));
  }
}

/** Separates the record that closes a session from those of its turns, which must have its id. */
export function splitRecords(records: readonly RequestRecord[]): {
  readonly closing: RequestRecord;
  readonly turnRecords: readonly RequestRecord[];
} {
  const closing = records.at(-1);
  assert.ok(closing);
  assert.equal(closing.operation, "session");
  assert.equal(closing.session_id, closing.id);
  assert.deepEqual([closing.input_tokens, closing.output_tokens, closing.usage_state], [null, null, "not_applicable"]);
  const turnRecords = records.slice(0, -1);
  for (const record of turnRecords) {
    assert.equal(record.session_id, closing.id);
    assert.notEqual(record.operation, "session");
    assert.equal(record.close_code, undefined);
    assert.equal(record.status, 101);
    assert.equal(record.request_bytes, undefined, "bytes are counted once, with the session");
  }
  return { closing, turnRecords };
}
