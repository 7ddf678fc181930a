import assert from "node:assert/strict";
import { test } from "node:test";

import { negotiatedExtensions } from "./websocket-extensions.ts";

const deflate = {
  kind: "deflate",
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  serverWindowBits: 15,
  clientWindowBits: 15,
};

const negotiations: readonly (readonly [string | undefined, object])[] = [
  [undefined, { kind: "plain" }],
  ["", { kind: "plain" }],
  [" , ", { kind: "plain" }],
  ["permessage-deflate", deflate],
  ["Permessage-Deflate ; Server_No_Context_Takeover", { ...deflate, serverNoContextTakeover: true }],
  [
    "permessage-deflate; client_no_context_takeover; client_max_window_bits=10",
    { ...deflate, clientNoContextTakeover: true, clientWindowBits: 10 },
  ],
  ['permessage-deflate; server_max_window_bits="8"', { ...deflate, serverWindowBits: 8 }],
  ["permessage-deflate; server_max_window_bits=16", { kind: "unknown" }],
  ["permessage-deflate; mystery", { kind: "unknown" }],
  ["permessage-deflate, permessage-deflate", { kind: "unknown" }],
  ["x-webkit-deflate-frame", { kind: "unknown" }],
  ["bbf-usp-protocol, permessage-deflate", { kind: "unknown" }],
];

for (const [value, expected] of negotiations) {
  test(`the extensions ${JSON.stringify(value)} are understood or known to be unknown`, () => {
    assert.deepEqual(negotiatedExtensions(value), expected);
  });
}
