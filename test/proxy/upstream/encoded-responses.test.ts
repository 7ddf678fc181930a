import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";

import type { RequestRecord } from "../../../src/core/request/request-record.ts";
import { jsonResponse, expectedRecord, post, startProxyFixture, type ProxyFixture } from "../fixture.ts";

let fixture: ProxyFixture;
before(async () => {
  fixture = await startProxyFixture();
});
afterEach(() => fixture.clear());
after(() => fixture.stop());

const json = Buffer.from(jsonResponse(28).split("\r\n\r\n")[1] ?? "");
const unread = { status: 200, error_type: null, input_tokens: null, usage_state: "missing" } as const;

function wrapped(times: number): Buffer {
  let bytes: Buffer = json;
  for (let time = 0; time < times; time++) bytes = gzipSync(bytes);
  return bytes;
}

const encodings: readonly { coding: string; body: Buffer; expected: Partial<RequestRecord> }[] = [
  { coding: "gzip", body: gzipSync(json), expected: expectedRecord(28) },
  { coding: "br", body: brotliCompressSync(json), expected: expectedRecord(28) },
  { coding: "zstd", body: zstdCompressSync(json), expected: expectedRecord(28) },
  { coding: "deflate", body: deflateSync(json), expected: expectedRecord(28) },
  { coding: Array<string>(50).fill("gzip").join(", "), body: wrapped(50), expected: unread },
  { coding: "unheard-of", body: json, expected: unread },
  { coding: "gzip", body: Buffer.from("this is no gzip"), expected: unread },
];

for (const { coding, body, expected } of encodings) {
  const shown = coding.length > 20 ? "gzip fifty times" : coding;
  const outcome = expected === unread ? "and no usage is made up" : "and its usage is read";
  test(`R28: ${body.length} bytes in ${shown} are forwarded unchanged, ${outcome}`, async () => {
    const client = await fixture.client();
    client.send(post());
    const { connection } = await fixture.provider.nextRequest();
    const head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: ${coding}\r\nContent-Length: ${body.length}\r\n\r\n`;
    connection.send(Buffer.concat([Buffer.from(head), body]));
    await client.message();
    assert.ok(client.received.equals(Buffer.concat([Buffer.from(head), body])));
    await fixture.record(expected);
  });
}
