// Compares this module with llhttp, on generated heads and bodies that are damaged and cut anywhere.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compareRequests, compareResponse } from "./agreement.test.ts";
import { llhttpRequests, llhttpResponse } from "./llhttp.test.ts";
import { METHODS } from "./method.ts";
import { cut, octets, readRequests, readResponses, summary } from "./replay.test.ts";

// A fixed seed makes a run repeatable. Change it to try other inputs.
const RUNS = { numRuns: 1000, seed: 9112 };

const latin1 = fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)) });
const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/);
const damagingByte = fc.constantFrom(
  "",
  "\r",
  "\n",
  "\r\n",
  "\r\n\r\n",
  "\0",
  " ",
  "\t",
  ":",
  ",",
  ";",
  "\x0b",
  "\x7f",
  "\x80",
  "0",
  "5",
  "x",
);

const oddField = fc.oneof(
  fc.tuple(token, latin1),
  fc.tuple(fc.constantFrom("X-A", "accept", "__proto__"), fc.constantFrom("", "a", " a b\t ", "a,b", '"q"')),
  fc.tuple(
    fc.constantFrom("Connection", "connection"),
    fc.constantFrom("Keep-Alive", "x-a", "close, x-a", "te,,", "a b"),
  ),
);
const framingField = fc.oneof(
  fc.tuple(
    fc.constantFrom("Content-Length", "content-length", "Content_Length"),
    fc.constantFrom("0", "5", "5 ", "005", "+5", "5,5", "", "99"),
  ),
  fc.tuple(
    fc.constantFrom("Transfer-Encoding", "transfer-encoding"),
    fc.constantFrom("chunked", "Chunked", "chunked ", "gzip, chunked", "chunked, chunked", "identity", "xchunked", ""),
  ),
);

const chunk = fc
  .tuple(
    fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 20 }),
    fc.constantFrom("", "", "", ";a", ";a=b", ';a="b\\"c";d', ";a="),
  )
  .map(([data, extension]) => `${data.length.toString(16)}${extension}\r\n${data}\r\n`);
const trailer = fc.constantFrom(
  "",
  "X-T: 1\r\n",
  "Host: b\r\n",
  "Authorization: Bearer x\r\n",
  "Bad : x\r\n",
  "X: a\r\n b\r\n",
);
const chunkedBody = fc
  .tuple(fc.array(chunk, { maxLength: 4 }), fc.constantFrom("0", "0", "000", "0;x=y", "0 "), trailer)
  .map(([chunks, last, end]) => `${chunks.join("")}${last}\r\n${end}\r\n`);

/** Fields with a body that fits them; sometimes with fields that contradict each other. */
const content = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ fields: "", body: "" }) },
  { weight: 5, arbitrary: latin1.map((body) => ({ fields: `Content-Length: ${body.length}\r\n`, body })) },
  { weight: 4, arbitrary: chunkedBody.map((body) => ({ fields: "Transfer-Encoding: chunked\r\n", body })) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.array(framingField, { maxLength: 2 }), fc.oneof(latin1, chunkedBody))
      .map(([list, body]) => ({
        fields: list.map(([name, value]) => `${name}: ${value}\r\n`).join(""),
        body,
      })),
  },
);

const fields = fc
  .array(oddField, { maxLength: 4 })
  .map((list) => list.map(([name, value]) => `${name}:${value}\r\n`).join(""));

const target = fc.oneof(
  fc
    .array(fc.constantFrom("openai", "v1", ".", "%2F", "a:b", "x;y", "", "%41", "x.y"), { maxLength: 4 })
    .map((segments) => `/${segments.join("/")}`),
  fc.constantFrom("/", "/x?key=1&b=%20", "/a?..", "/a|b{c}", "/%zz", "/~a/'!'", "*", "/%2e./"),
);

const requestText = fc
  .tuple(
    fc.constantFrom(...METHODS.filter((method) => method !== "CONNECT"), "POST", "GET", "get", "FOO"),
    target,
    fc.oneof(
      { weight: 9, arbitrary: fc.constant("1.1") },
      { weight: 1, arbitrary: fc.constantFrom("1.0", "1.2", "2.0", "0.9") },
    ),
    fc.oneof(
      { weight: 9, arbitrary: fc.constant("Host: a\r\n") },
      { weight: 1, arbitrary: fc.constantFrom("", "Host:\r\n", "Host: [\r\n") },
    ),
    fields,
    content,
  )
  .map(([method, path, version, host, rest, { fields: framing, body }]) =>
    [`${method} ${path} HTTP/${version}\r\n`, host, rest, framing, "\r\n", body].join(""),
  );

const responseText = fc
  .tuple(
    fc.constantFrom("", "", "", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
    fc.constantFrom("1.1", "1.1", "1.1", "1.1", "1.0", "1.2", "2"),
    fc.constantFrom(
      " 200 OK",
      " 200 ",
      " 200",
      " 404 Not Found",
      " 204 No Content",
      " 304 \xe9",
      " 099 x",
      " 600 x",
      " 20 x",
    ),
    fields,
    content,
  )
  .map(([interim, version, status, rest, { fields: framing, body }]) =>
    [interim, `HTTP/${version}${status}\r\n`, rest, framing, "\r\n", body].join(""),
  );

const change = fc.tuple(fc.nat(400), fc.nat(2), damagingByte);
const damage = fc.oneof(fc.constant([]), fc.array(change, { minLength: 1, maxLength: 2 }));
const places = fc.array(fc.nat(400), { maxLength: 5 });

function damaged(text: string, changes: readonly (readonly [number, number, string])[]): string {
  return changes.reduce((before, [place, dropped, added]) => {
    const at = place % (before.length + 1);
    return before.slice(0, at) + added + before.slice(at + dropped);
  }, text);
}

test("the known methods are those of llhttp", async () => {
  const { METHODS: theirs } = await import("node:http");
  assert.deepEqual(METHODS.toSorted(), theirs.toSorted());
});

test("heads and bodies, damaged or not, are read the same whole and in pieces", () => {
  const limits = { maxBytes: 160, maxFields: 4 };
  fc.assert(
    fc.property(requestText, responseText, damage, places, (request, response, changes, cuts) => {
      const requestBytes = octets(damaged(request, changes));
      const changed = octets(damaged(response, changes));
      assert.deepEqual(summary(readRequests(cut(requestBytes, cuts))), summary(readRequests([requestBytes])));
      assert.deepEqual(
        summary(readRequests(cut(requestBytes, cuts), limits)),
        summary(readRequests([requestBytes], limits)),
      );
      assert.deepEqual(summary(readResponses(cut(changed, cuts))), summary(readResponses([changed])));
      assert.deepEqual(
        summary(readResponses(cut(changed, cuts), "GET", limits)),
        summary(readResponses([changed], "GET", limits)),
      );
    }),
    { ...RUNS, numRuns: 2000 },
  );
});

test("llhttp accepts every request that we accept, and reads it in the same way", async () => {
  let accepted = 0;
  const requests = fc.array(requestText, { minLength: 1, maxLength: 2 }).map((texts) => texts.join(""));
  await fc.assert(
    fc.asyncProperty(requests, damage, places, async (text, changes, cuts) => {
      const bytes = octets(damaged(text, changes));
      const ours = readRequests(cut(bytes, cuts));
      const theirResult = await llhttpRequests(bytes);
      const shown = JSON.stringify(bytes.toString("latin1"));
      compareRequests(ours, theirResult, shown);
      const whole =
        ours.fault === undefined && ours.messages.length > 0 && ours.messages.every((message) => message.complete);
      if (!whole || ours.after !== "") return;
      accepted++;
      if (ours.messages.at(-1)?.head.text.length === bytes.length) assert.equal(theirResult.error, undefined, shown);
    }),
    RUNS,
  );
  assert.ok(accepted > RUNS.numRuns / 10, `only ${accepted} were accepted`);
});

test("llhttp reads the chunked body that we forward as the same body, without the forbidden trailers", async () => {
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(chunkedBody, damage, places, async (body, changes, cuts) => {
      const head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
      const bytes = octets(head + damaged(body, changes));
      const [message] = readRequests(cut(bytes, cuts)).messages;
      assert.ok(message);
      const direct = await llhttpRequests(bytes);
      const forwarded = await llhttpRequests(octets(head + message.framed));
      const shown = JSON.stringify(bytes.toString("latin1"));
      assert.equal(forwarded.messages[0]?.complete, message.complete, shown);
      if (!message.complete) return;
      accepted++;
      assert.equal(forwarded.error, undefined, shown);
      assert.equal(forwarded.messages[0].body, message.body, shown);
      assert.equal(direct.messages[0]?.body, message.body, shown);
      assert.doesNotMatch(message.framed, /^(host|authorization):/im);
    }),
    RUNS,
  );
  assert.ok(accepted > RUNS.numRuns / 10, `only ${accepted} were accepted`);
});

test("llhttp accepts every response that we accept, and reads it in the same way", async () => {
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(
      responseText,
      fc.constantFrom("GET", "GET", "HEAD"),
      damage,
      places,
      async (text, method, changes, cuts) => {
        const bytes = octets(damaged(text, changes));
        const ours = readResponses(cut(bytes, cuts), method).messages.find(({ head }) => head.status >= 200);
        if (ours === undefined) return;
        accepted++;
        const theirResult = await llhttpResponse(bytes, method);
        compareResponse(ours, theirResult, method, JSON.stringify(bytes.toString("latin1")));
      },
    ),
    RUNS,
  );
  assert.ok(accepted > RUNS.numRuns / 10, `only ${accepted} were accepted`);
});
